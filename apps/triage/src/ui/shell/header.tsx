import { InboxLink } from "../inbox/inbox-link.tsx";
import { Button, IconButton } from "../parts/button.tsx";
import { ProfileButton } from "../profile/profile-button.tsx";
import { Link } from "../router/link.tsx";
import { useApp } from "./app-context.ts";
import { ThemeMenu } from "./theme-menu.tsx";

export function Header() {
  const { config, openIngest, openHelp } = useApp();
  return (
    <header className="sticky top-0 z-30 border-line border-b bg-surface">
      <div className="mx-auto flex h-12 max-w-[100rem] items-center gap-2 px-3 md:px-5">
        <Link
          href="/"
          className="flex items-center gap-2 rounded-md font-semibold"
          aria-label="Sessile Triage, queue"
        >
          <Logo />
          <span className="hidden text-base sm:inline">
            Sessile <span className="font-normal text-ink-2">Triage</span>
          </span>
        </Link>
        {config.state === "state-2-d1" && (
          <span
            className="rounded border border-line-strong px-1.5 text-ink-2 text-xs"
            title={config.off.join(" ")}
          >
            D1 only
          </span>
        )}
        <div className="ml-auto flex items-center gap-1">
          <InboxLink />
          <Button look="plain" size="sm" icon="upload" hint="u" onClick={openIngest} className="mr-1">
            Add alerts
          </Button>
          <IconButton
            icon="help"
            label="Keyboard shortcuts"
            onClick={openHelp}
            className="hidden sm:inline-flex"
          />
          <ThemeMenu />
          <ProfileButton />
        </div>
      </div>
    </header>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="size-6" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g fill="none" className="stroke-accent-ink" strokeWidth="2.5" strokeLinecap="round">
        <path d="M7 24h18M9 24c0-8 2.5-13 7-13s7 5 7 13" />
      </g>
      <circle cx="16" cy="7.5" r="2" className="fill-accent-ink" />
    </svg>
  );
}
