import type { SessileOptions } from "sessile/worker";

interface Env {
  /** Set by `sessile dev` and `sessile serve` where only this machine reaches them. */
  readonly SESSILE_LOCAL?: boolean;
}

const options: Omit<SessileOptions<Env>, "kinds"> = {
  // Before you deploy, say here who sends a request, by what you sign people in with: an id and a name, or null for nobody.
  identify: () => null,
  // On your machine everybody may do everything, elsewhere whoever is known.
  authorize: ({ actor }, env) => env.SESSILE_LOCAL === true || actor !== null,
};

export default options;
