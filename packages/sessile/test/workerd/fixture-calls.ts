// The Worker of the voice tests: kinds that talk, with Workers AI's models behind a scripted server.
import { callable, type SessileBindings, Session, type VoiceSettings } from "sessile";
import { createD1Record } from "sessile/d1";
import { type AiBinding, workersAiSynthesizer, workersAiTranscriber } from "sessile/voice";
import { createSessile } from "sessile/worker";

interface Env extends SessileBindings {
  readonly SERVICES_URL: string;
}

/** `env.AI` as far as these models go: a socket, or a body of audio. */
function scriptedAi({ SERVICES_URL }: Env): AiBinding {
  return {
    run: (model, inputs, options) => {
      if ("websocket" in options)
        return fetch(`${SERVICES_URL}/?${new URLSearchParams({ model, ...inputs })}`, {
          headers: { upgrade: "websocket" },
        });
      return fetch(SERVICES_URL, { method: "POST", body: JSON.stringify({ model, options, ...inputs }) });
    },
  };
}

abstract class Talking extends Session<Env, null> {
  readonly initialState = null;
  override readonly snapshots = null;
  readonly say = callable(async (text: string) => this.speech.say(text));
  readonly hush = callable(() => this.speech.stop());
  readonly pause = callable(() => this.setLifecycle("paused"));
  readonly sayInCommit = callable(() => {
    void this.speech.say("too early").catch((thrown) => this.log("warn", "test", String(thrown)));
  });
  readonly operatorLog = callable(() =>
    this.sql<{ message: string; attrs: string }>`SELECT message, attrs FROM _sessile_oplog`.map(
      ({ message, attrs }) => ({ message, attrs }),
    ),
  );
}

/** Transcripts and speech. */
export class Calls extends Talking {
  readonly kind = "calls";
  override readonly voice: VoiceSettings = {
    transcriber: workersAiTranscriber(scriptedAi(this.env), { inputs: { eot_timeout_ms: "3000" } }),
    synthesizer: workersAiSynthesizer(scriptedAi(this.env), { inputs: { speaker: "luna" } }),
    retryMs: 0,
  };
}

/** Other names, no partial ones, and a transcriber that is soon closed. */
export class Brief extends Talking {
  readonly kind = "brief";
  override readonly voice: VoiceSettings = {
    transcriber: workersAiTranscriber(scriptedAi(this.env)),
    partialMs: null,
    quietMs: 50,
    finalEvent: "said",
  };
}

/** Audio alone, in small rooms, as fast as it comes. */
export class Rooms extends Talking {
  readonly kind = "rooms";
  override readonly voice = {};
  override readonly limits = {
    maxVoiceParticipants: 3,
    maxAudioBufferedBytes: 64 * 1024,
    audioRate: { perSecond: 1_000_000_000, burst: 1_000_000_000 },
  };
}

/** Some tiers have no voice, and some people talk too fast. */
export class Tiered extends Talking {
  readonly kind = "tiered";
  override readonly voice = {};
  override readonly limits = { audioRate: { perSecond: 1, burst: 7000 } };
  override readonly quotas = {
    charge: () => 0,
    tierOf: (actor: { readonly id: string } | null) => (actor?.id === "mute" ? "anonymous" : "free"),
  };
}

/** None. */
export class Silent extends Talking {
  readonly kind = "silent";
}

export default createSessile<Env>({
  kinds: {
    calls: { binding: "CALLS" },
    brief: { binding: "BRIEF" },
    rooms: { binding: "ROOMS" },
    tiered: { binding: "TIERED" },
    silent: { binding: "SILENT" },
  },
  identify: (request) => {
    const id = request.headers.get("x-test-user") ?? new URL(request.url).searchParams.get("user");
    return id === null ? null : { id, name: `Name of ${id}` };
  },
  authorize: ({ actor, action }) => actor?.id !== "reader" || action === "read",
  record: ({ SESSILE_RECORD }) => (SESSILE_RECORD ? createD1Record(SESSILE_RECORD) : null),
});
