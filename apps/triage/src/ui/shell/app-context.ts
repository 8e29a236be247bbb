import { createContext, useContext } from "react";
import type { AppConfig, Profile } from "../../contract/api.ts";
import type { QueueStore } from "../queue/queue-store.ts";

export interface AppContextValue {
  readonly config: AppConfig;
  readonly queue: QueueStore;
  readonly profile: Profile | null;
  /**
   * False while nobody is chosen: asks who is there, for which the page is loaded anew. False too once another window chose
   * somebody else.
   */
  readonly requireProfile: () => boolean;
  readonly openProfile: () => void;
  readonly openIngest: () => void;
  readonly loadSample: () => void;
  readonly openHelp: () => void;
}

export const AppContext = createContext<AppContextValue | null>(null);

export function useApp(): AppContextValue {
  const value = useContext(AppContext);
  if (!value) throw new Error("useApp is called outside of App.");
  return value;
}
