/**
 * Fields that a collector left only in the rendered message. Sysmon renders `Name: value` with the field's own name; the Security
 * log renders labels under section headings ("Subject:", "New Logon:"), which map to field names as in Microsoft's event
 * documentation (learn.microsoft.com, "Advanced security audit policy settings", events 1102, 4624, 4625, 4688, 4720 …).
 */
const securityLabels: Readonly<Record<string, string>> = {
  "subject/account name": "SubjectUserName",
  "subject/account domain": "SubjectDomainName",
  "subject/domain name": "SubjectDomainName",
  "creator subject/account name": "SubjectUserName",
  "creator subject/account domain": "SubjectDomainName",
  "new logon/account name": "TargetUserName",
  "new logon/account domain": "TargetDomainName",
  "account for which logon failed/account name": "TargetUserName",
  "account for which logon failed/account domain": "TargetDomainName",
  "new account/account name": "TargetUserName",
  "target account/account name": "TargetUserName",
  "logon type": "LogonType",
  "source network address": "IpAddress",
  "source address": "SourceAddress",
  "destination address": "DestAddress",
  "new process name": "NewProcessName",
  "creator process name": "ParentProcessName",
  "process command line": "CommandLine",
  "process name": "ProcessName",
  "object name": "ObjectName",
  "share name": "ShareName",
  "relative target name": "RelativeTargetName",
  "access mask": "AccessMask",
  "service name": "ServiceName",
  "service file name": "ServiceFileName",
  "task name": "TaskName",
};
const maxLines = 200;

/** Adds what the message says and the record's own fields do not. */
export function addMessageFields(fields: Record<string, string>, message: string, sysmon: boolean): void {
  let section = "";
  for (const line of message.split(/\r?\n/, maxLines)) {
    // By hand: a pattern that trims both ends takes quadratic time on a line full of spaces.
    const colon = line.indexOf(":");
    const label = line.slice(0, Math.max(colon, 0)).trim();
    const value = line.slice(colon + 1).trim();
    if (colon < 0 || label.length > 60 || !/^[A-Za-z][A-Za-z0-9 ]*$/.test(label)) continue;
    if (value === "") {
      section = label.toLowerCase();
      continue;
    }
    const name = sysmon
      ? label
      : (securityLabels[`${section}/${label.toLowerCase()}`] ?? securityLabels[label.toLowerCase()]);
    if (name !== undefined && /^[A-Za-z0-9]+$/.test(name) && !Object.hasOwn(fields, name))
      fields[name] = value;
  }
}
