import type { IncidentType } from "../model/incident-type.ts";
import type { Playbook, PlaybookStep } from "./playbook.ts";

/** Steps that several playbooks share. Order of work as in NIST SP 800-61: contain, preserve, eradicate, recover. */
const isolateHost: PlaybookStep = {
  id: "isolate-host",
  title: "Isolate the host from the network",
  target: "host",
  from: "high",
  risk: "high",
  reversible: true,
  integration: "endpoint",
  rationale: "Stops further spread and control from outside while keeping memory and disk for examination.",
  timeWindow: "15 minutes",
};
const isolateAddress: PlaybookStep = {
  ...isolateHost,
  id: "isolate-address",
  title: "Isolate the inside address from the network",
  target: "internal-ip",
  integration: "network",
};
const blockAddress: PlaybookStep = {
  id: "block-address",
  title: "Block the outside address at the border",
  target: "external-ip",
  from: "medium",
  risk: "low",
  reversible: true,
  integration: "firewall",
  rationale:
    "Cuts off control, downloads or further attempts; shared hosting makes a block by address a temporary measure.",
  timeWindow: "1 hour",
};
const collectEvidence: PlaybookStep = {
  id: "collect-evidence",
  title: "Collect memory and event logs from the host",
  target: "host",
  from: "high",
  risk: "low",
  reversible: true,
  integration: "endpoint",
  rationale:
    "Memory is lost at the next restart, and cleared logs may still be recovered from the collector.",
  timeWindow: "4 hours",
};
const resetPassword: PlaybookStep = {
  id: "reset-password",
  title: "Reset the account's password and end its sessions",
  target: "user",
  from: "medium",
  risk: "medium",
  reversible: false,
  integration: "identity",
  rationale:
    "A password or ticket that was read from memory or typed into a false page stays useful until it is changed.",
  timeWindow: "1 hour",
};
const disableAccount: PlaybookStep = {
  id: "disable-account",
  title: "Disable the account until its owner is reached",
  target: "user",
  from: "critical",
  risk: "high",
  reversible: true,
  integration: "identity",
  rationale: "Stops the use of stolen credentials at once; a wrong guess locks a colleague out.",
  timeWindow: "15 minutes",
};
const huntElsewhere: PlaybookStep = {
  id: "hunt",
  title: "Search the other hosts for the same traces",
  from: "high",
  risk: "low",
  reversible: true,
  integration: "endpoint",
  rationale: "The first host found is seldom the first one taken.",
  timeWindow: "24 hours",
};
const reviewLogs: PlaybookStep = {
  id: "review-logs",
  title: "Compare forwarded logs with the host's own",
  target: "host",
  risk: "low",
  reversible: true,
  integration: "logging",
  rationale: "What was cleared on the host is still in the collector, and shows what was to be hidden.",
  timeWindow: "24 hours",
};
/** What is left to do where a playbook has nothing else for so little. */
export const watch: PlaybookStep = {
  id: "watch",
  title: "Keep watching and close if nothing follows",
  risk: "low",
  reversible: true,
  integration: "case",
  rationale: "Alone, this is seen every day; together with a later alert it may become a first sign.",
  timeWindow: "7 days",
};

export const playbooks: readonly Playbook[] = [
  {
    id: "malware-containment",
    title: "Malware containment",
    types: ["malware"],
    steps: [
      isolateHost,
      isolateAddress,
      blockAddress,
      collectEvidence,
      {
        id: "scan-host",
        title: "Run a full malware scan",
        target: "host",
        risk: "low",
        reversible: true,
        integration: "endpoint",
        rationale: "Finds known parts of the infection and confirms or clears the suspicion.",
        timeWindow: "4 hours",
      },
      {
        id: "rebuild-host",
        title: "Rebuild the host from a clean image",
        target: "host",
        from: "critical",
        risk: "medium",
        reversible: false,
        integration: "endpoint",
        rationale: "Removing single files leaves behind what was not found.",
        timeWindow: "3 days",
      },
      resetPassword,
      huntElsewhere,
    ],
  },
  {
    id: "phishing-response",
    title: "Phishing response",
    types: ["phishing"],
    steps: [
      {
        id: "remove-message",
        title: "Remove the message from all mailboxes",
        risk: "low",
        reversible: true,
        integration: "email",
        rationale: "Others received it too; whoever has not opened it yet no longer can.",
        timeWindow: "1 hour",
      },
      blockAddress,
      resetPassword,
      {
        id: "ask-user",
        title: "Ask the user what was opened and typed",
        target: "user",
        risk: "low",
        reversible: true,
        integration: "case",
        rationale: "Decides whether a password, a payment or only a click is at stake.",
        timeWindow: "4 hours",
      },
      isolateHost,
      isolateAddress,
      huntElsewhere,
    ],
  },
  {
    id: "unauthorised-access",
    title: "Unauthorised access",
    types: ["unauthorised-access"],
    steps: [
      blockAddress,
      disableAccount,
      isolateHost,
      {
        id: "check-server",
        title: "Check the attacked service for changes and new files",
        risk: "low",
        reversible: true,
        integration: "endpoint",
        rationale: "Shows whether any of the attempts succeeded.",
        timeWindow: "4 hours",
      },
      {
        id: "patch-service",
        title: "Bring the attacked service up to date",
        from: "high",
        risk: "medium",
        reversible: true,
        integration: "case",
        rationale: "The weakness that was tried stays open to the next sender after this one is blocked.",
        timeWindow: "3 days",
      },
      resetPassword,
      collectEvidence,
    ],
  },
  {
    id: "suspected-exfiltration",
    title: "Suspected exfiltration",
    types: ["suspected-exfiltration"],
    steps: [
      { ...blockAddress, from: "low", timeWindow: "15 minutes" },
      isolateHost,
      isolateAddress,
      disableAccount,
      {
        id: "measure-loss",
        title: "Find out what data left and how much",
        risk: "low",
        reversible: true,
        integration: "network",
        rationale:
          "Deadlines for notification (GDPR Article 33: 72 hours) run from the moment a loss is known.",
        timeWindow: "24 hours",
      },
      collectEvidence,
    ],
  },
  {
    id: "credential-theft",
    title: "Credential theft",
    types: ["credential-access"],
    steps: [
      isolateHost,
      disableAccount,
      resetPassword,
      {
        id: "reset-all-present",
        title: "Reset every account that was logged on to the host",
        target: "host",
        from: "critical",
        risk: "medium",
        reversible: false,
        integration: "identity",
        rationale: "A memory dump of LSASS holds the secrets of everyone who was logged on.",
        timeWindow: "4 hours",
      },
      blockAddress,
      collectEvidence,
      huntElsewhere,
    ],
  },
  {
    id: "covered-tracks",
    title: "Covered tracks",
    types: ["defence-evasion"],
    steps: [reviewLogs, collectEvidence, isolateHost, resetPassword, huntElsewhere],
  },
  {
    id: "reconnaissance",
    title: "Reconnaissance",
    types: ["reconnaissance"],
    steps: [
      blockAddress,
      {
        id: "review-exposure",
        title: "Check which of the scanned services need to be reachable",
        risk: "low",
        reversible: true,
        integration: "firewall",
        rationale: "A service that cannot be reached cannot be attacked next.",
        timeWindow: "7 days",
      },
      isolateAddress,
      watch,
    ],
  },
  {
    id: "policy-violation",
    title: "Policy violation",
    types: ["policy-violation"],
    steps: [
      {
        id: "talk-to-owner",
        title: "Ask the owner of the host about the program",
        risk: "low",
        reversible: true,
        integration: "case",
        rationale: "Most of these have an honest reason, which belongs on the list of exceptions.",
        timeWindow: "7 days",
      },
      watch,
    ],
  },
  {
    id: "general",
    title: "General triage",
    types: ["suspicious-activity"],
    steps: [collectEvidence, blockAddress, watch],
  },
];

export function playbookFor(type: IncidentType): Playbook {
  const playbook = playbooks.find((candidate) => candidate.types.includes(type)) ?? playbooks.at(-1);
  if (playbook === undefined) throw new RangeError("No playbook is defined");
  return playbook;
}
