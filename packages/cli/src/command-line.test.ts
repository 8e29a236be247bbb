import { describe, expect, test } from "vitest";
import { overview, parseCommandLine } from "./command-line.ts";
import { serveHelp } from "./serve-flags.ts";

const serve = (...args: string[]) => parseCommandLine(["serve", ...args]);

describe("command line", () => {
  test("serve without flags leaves every default to the server", () => {
    expect(serve()).toEqual({ name: "serve", flags: { authorizer: false, allowedHosts: [], vars: {} } });
  });

  test("serve with every flag", () => {
    const args = [
      "--config",
      "w.jsonc",
      "--port=0",
      "--dir",
      "d",
      "--host",
      "::1",
      "--assets",
      "a",
      "--worker",
      "w.js",
    ];
    const more = [
      "--var",
      "A=1",
      "--var",
      "B=x=y",
      "--allow-host",
      "one",
      "--allow-host",
      "two",
      "--authorizer",
    ];
    expect(serve(...args, ...more)).toEqual({
      name: "serve",
      flags: {
        config: "w.jsonc",
        port: 0,
        dir: "d",
        host: "::1",
        assets: "a",
        worker: "w.js",
        vars: { A: "1", B: "x=y" },
        allowedHosts: ["one", "two"],
        authorizer: true,
      },
    });
  });

  test("help for the whole and for serve; every flag of serve is in it", () => {
    expect(parseCommandLine([])).toEqual({ name: "help", text: overview });
    expect(parseCommandLine(["--help"])).toEqual({ name: "help", text: overview });
    expect(serve("--port", "1", "-h")).toEqual({ name: "help", text: serveHelp });
    for (const flag of [
      "config",
      "port",
      "dir",
      "host",
      "assets",
      "worker",
      "var",
      "allow-host",
      "authorizer",
    ]) {
      expect(serveHelp).toContain(`--${flag} `);
    }
  });

  test.each([
    [["sevre"], 'There is no command "sevre". Run: sessile --help'],
    [["serve", "--prot", "1"], "Unknown option '--prot'. Run: sessile serve --help"],
    [["serve", "here"], "Unexpected argument 'here'. Run: sessile serve --help"],
    [["serve", "--port"], "Option '--port <value>' argument missing. Run: sessile serve --help"],
    [["serve", "--port", "80a"], '--port takes a number from 0 to 65535, not "80a".'],
    [["serve", "--port", "65536"], '--port takes a number from 0 to 65535, not "65536".'],
    [["serve", "--var", "A"], '--var takes NAME=VALUE, not "A".'],
    [["tail", "a/b", "--url", "http://ada:secret@host"], "--url takes no credentials."],
    [["tail", "a/b", "--header", "bad name: x"], 'not "bad name: x".'],
    [["tail", "a/b", "--header", "x-name: ☃"], 'not "x-name: ☃".'],
  ])("%j is refused", (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(message);
  });
});
