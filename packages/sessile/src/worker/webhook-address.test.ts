import { expect, test } from "vitest";
import { checkedWebhookAddress } from "./webhook-address.ts";

test.each([
  "https://worker.example/hooks",
  "https://worker.example:8443/hooks?a=b",
  "https://8.8.8.8/",
  "https://[2606:4700::1111]/",
  "https://172.15.0.1/",
  "https://172.32.0.1/",
  "https://100.63.255.255/",
  "https://münchen.example/",
])("SB12 %s is a public address", (address) => {
  expect(checkedWebhookAddress(address, false)).toBe(new URL(address).href);
});

test.each([
  "nonsense",
  "/relative",
  "",
  `https://worker.example/${"a".repeat(2048)}`,
  "http://worker.example/",
  "ftp://worker.example/",
  "javascript:alert(1)",
  "data:text/plain,x",
  "file:///etc/passwd",
  "https://user@worker.example/",
  "https://user:password@worker.example/",
  "https://:password@worker.example/",
  "https://localhost/",
  "https://LOCALHOST./",
  "https://a.localhost/",
  "https://intranet/",
  "https://printer.local/",
  "https://metadata.google.internal/computeMetadata/v1/",
  "https://router.home.arpa/",
  "https://127.0.0.1/",
  "https://127.1/",
  "https://127.0.0.1./",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://0x7f.1/",
  "https://127.0.0.1",
  "https://①②⑦.⓪.⓪.①/",
  "https://%31%32%37.0.0.1/",
  "https://0/",
  "https://0.0.0.0/",
  "https://10.1.2.3/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.1.1/",
  "https://3232235777/",
  "https://169.254.169.254/latest/meta-data/",
  "https://0xa9fea9fe/",
  "https://100.64.0.1/",
  "https://100.100.100.200/",
  "https://192.0.0.192/",
  "https://192.0.2.1/",
  "https://198.18.0.1/",
  "https://198.51.100.1/",
  "https://203.0.113.1/",
  "https://224.0.0.1/",
  "https://240.0.0.1/",
  "https://255.255.255.255/",
  "https://[::]/",
  "https://[::1]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:a00:1]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::a00:1]/",
  "https://[fe80::1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/",
  "https://[ff02::1]/",
  "https://[2001::1]/",
  "https://[2001:db8::1]/",
  "https://[2002:7f00:1::]/",
  "https://[3fff::1]/",
])("SB12 %s is refused", (address) => {
  expect(() => checkedWebhookAddress(address, false)).toThrow(
    expect.objectContaining({
      code: "bad_request",
      details: { field: "webhook.url", reason: "WEBHOOK_URL_REJECTED" },
    }),
  );
});

test("SB12 this machine, and nothing else more, is let in by a setting", () => {
  for (const address of [
    "http://127.0.0.1:9/x",
    "http://localhost:9/",
    "http://[::1]:9/",
    "https://127.8.8.8/",
  ])
    expect(checkedWebhookAddress(address, true)).toBe(address);
  for (const address of [
    "http://10.0.0.1/",
    "http://worker.example/",
    "https://169.254.169.254/",
    "ftp://127.0.0.1/",
    "http://me@127.0.0.1/",
    "https://intranet/",
  ])
    expect(() => checkedWebhookAddress(address, true)).toThrow("webhook.url");
});
