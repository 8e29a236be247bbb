/** Services whose use across a border needs no explanation (IANA service names). */
const common = new Set([
  20, 21, 22, 25, 43, 53, 67, 68, 80, 88, 110, 119, 123, 135, 137, 138, 139, 143, 161, 162, 389, 443, 445,
  464, 465, 500, 514, 587, 631, 636, 853, 873, 989, 990, 993, 995, 1194, 1433, 1521, 1900, 2049, 3128, 3268,
  3269, 3306, 3389, 3478, 4500, 5060, 5061, 5222, 5223, 5228, 5353, 5355, 5432, 5985, 5986, 6379, 8000, 8008,
  8080, 8443, 8883, 8888, 9418, 9443, 27017, 51820,
]);

export function isCommonPort(port: number): boolean {
  return common.has(port);
}

/** Services that ask for a password. */
const logonServices: ReadonlyMap<number, string> = new Map([
  [21, "FTP"],
  [22, "SSH"],
  [23, "Telnet"],
  [110, "POP3"],
  [143, "IMAP"],
  [389, "LDAP"],
  [445, "SMB"],
  [1433, "SQL Server"],
  [3306, "MySQL"],
  [3389, "remote desktop"],
  [5432, "PostgreSQL"],
  [5900, "VNC"],
  [5985, "WinRM"],
]);

export function logonService(port: number): string | undefined {
  return logonServices.get(port);
}
