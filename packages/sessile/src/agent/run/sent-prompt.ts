import { type LanguageModel, type ModelMessage, wrapLanguageModel } from "ai";

type ProviderPrompt = Parameters<ReturnType<typeof wrapLanguageModel>["doStream"]>[0]["prompt"];

/**
 * A run's prompt on its way to a provider. The AI SDK makes all messages ready for it anew, for each answer; those that stay as
 * they are are kept ready here, so that a step costs the same however long the run has become.
 */
export class SentPrompt {
  readonly #ready: ProviderPrompt = [];

  /**
   * @param settled how many of the messages stay as they are from now on
   * @returns what the AI SDK is given instead: the messages it has not made ready yet, and a model that gets all of them
   */
  of(
    model: LanguageModel,
    messages: ModelMessage[],
    settled: number,
  ): { readonly model: LanguageModel; readonly messages: ModelMessage[] } {
    // Whose name it is only the SDK knows.
    if (typeof model === "string") return { model, messages };
    const known = this.#ready.length;
    const fresh = messages.slice(known);
    const transformParams = async <Params extends { prompt: ProviderPrompt }>({
      params,
    }: {
      readonly params: Params;
    }): Promise<Params> => {
      const first = params.prompt.findIndex(({ role }) => role !== "system");
      const made = params.prompt.slice(first);
      const prompt = [...params.prompt.slice(0, first), ...this.#ready, ...made];
      // One for one, or it is not known which is whose. And the SDK takes no prompt without messages.
      const stay = made.length === fresh.length ? Math.min(settled, messages.length - 1) - known : 0;
      for (const message of made.slice(0, Math.max(0, stay))) this.#ready.push(message);
      return { ...params, prompt };
    };
    return { model: wrapLanguageModel({ model, middleware: { transformParams } }), messages: fresh };
  }
}
