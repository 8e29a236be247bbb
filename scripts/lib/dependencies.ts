import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, StepFailed } from "./run.ts";

/** What anybody may use with this. */
const licences = "MIT MIT-0 Apache-2.0 ISC BSD-2-Clause BSD-3-Clause 0BSD CC0-1.0".split(" ");
/** Others, of what is used as it is and never part of what is published. */
const otherLicences = [
  // Pictures in Miniflare, as libraries of their own.
  /^@img\/sharp-/,
  // Build and tests.
  /^lightningcss(-|$)/,
  /^(axe-core|caniuse-lite|graceful-fs)$/,
];
/** Fetch or choose a binary for the platform; core-js-pure only says thank you. */
const installScripts = ["core-js-pure", "esbuild", "lmdb", "msgpackr-extract", "node", "workerd"];
/** Packages of ours take each other by name; another version of the same package has a name before it. */
const exactVersion = /^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

interface Locked {
  readonly link?: true;
  readonly version?: string;
  readonly license?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: true;
  readonly deprecated?: string;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: { readonly [name: string]: string };
  readonly devDependencies?: { readonly [name: string]: string };
  readonly peerDependencies?: { readonly [name: string]: string };
}

/**
 * What can be known of dependencies without asking anybody: exact versions, checksums instead of places, licences, programs that run on
 * installation, none that its makers gave up, and a reason for each that users get. `npm audit` asks for advisories.
 */
export function checkDependencies(): void {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: { readonly [path: string]: Locked };
  };
  const wrong = [
    ...Object.entries(packages).flatMap(([path, locked]) => wrongWith(nameOf(path), locked)),
    ...manifests().flatMap(looseVersions),
    ...withoutReason(),
  ];
  if (wrong.length > 0) throw new StepFailed(`dependencies:\n${wrong.join("\n")}`);
  console.log(`${Object.keys(packages).length} packages`);
}

/** Null: a folder of this repository. */
function nameOf(path: string): string | null {
  const [, name = null] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
  return name;
}

function wrongWith(name: string | null, locked: Locked): string[] {
  if (name === null || locked.link) return [];
  const { license = "none", resolved, integrity, hasInstallScript, deprecated } = locked;
  const isFree = license
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((one) => licences.includes(one));
  return [
    !isFree && !otherLicences.some((those) => those.test(name)) && `has the licence ${license}`,
    resolved !== undefined && `is locked to a place: ${resolved}`,
    integrity === undefined && "is locked without a checksum",
    hasInstallScript && !installScripts.includes(name) && "runs a program when it is installed",
    deprecated !== undefined && `is deprecated: ${deprecated}`,
  ].flatMap((what) => (what ? [`${name} ${what}`] : []));
}

function manifests(): Manifest[] {
  const files = globSync(
    ["package.json", "packages/*/package.json", "apps/*/package.json", "bench/package.json"],
    {
      cwd: root,
    },
  );
  return files.map((file) => JSON.parse(readFileSync(join(root, file), "utf8")) as Manifest);
}

function looseVersions({ name: of, dependencies, devDependencies }: Manifest): string[] {
  return Object.entries({ ...dependencies, ...devDependencies }).flatMap(([name, version]) =>
    name === "sessile" || exactVersion.test(version)
      ? []
      : [`${of} takes ${name} in any version of ${version}`],
  );
}

/** Of what is published. */
function withoutReason(): string[] {
  const [, table = ""] = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("\n## Dependencies\n");
  const named = new Set(
    [...table.matchAll(/^\| ([^|]*) \|/gm)].flatMap(([, cell = ""]) => cell.split(/[, ]+/)),
  );
  return manifests()
    .filter(({ name }) => /^sessile(-cli)?$/.test(name))
    .flatMap(({ dependencies, peerDependencies }) => Object.keys({ ...dependencies, ...peerDependencies }))
    .filter((name) => name !== "sessile" && !named.has(name))
    .map((name) => `${name} has no line under Dependencies in ARCHITECTURE.md`);
}
