import { Button } from "../parts/button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { useApp } from "../shell/app-context.ts";

interface QueueEmptyProps {
  readonly isFiltered: boolean;
  readonly onClear: () => void;
}

export function QueueEmpty({ isFiltered, onClear }: QueueEmptyProps) {
  const { openIngest, loadSample } = useApp();
  if (isFiltered) {
    return (
      <EmptyState
        icon="search"
        title="No incident matches"
        actions={<Button onClick={onClear}>Clear search and filters</Button>}
      >
        Search looks at titles and at the hosts, addresses and accounts that made the incident.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="upload"
      title="No incidents yet"
      actions={
        <>
          <Button look="primary" onClick={loadSample}>
            Load the sample
          </Button>
          <Button icon="upload" onClick={openIngest}>
            Choose files
          </Button>
        </>
      }
    >
      <p>
        Drop alert files anywhere on this page: Suricata EVE JSON, or Windows and Sysmon events as JSON lines.
        Alerts that belong together become one incident.
      </p>
      <p className="mt-1">The sample is small and made up, to look around with.</p>
    </EmptyState>
  );
}
