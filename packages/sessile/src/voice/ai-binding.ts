/** The part of a Workers AI binding (`env.AI`) that is used. */
export interface AiBinding {
  run(model: string, inputs: object, options: object): Promise<unknown>;
}
