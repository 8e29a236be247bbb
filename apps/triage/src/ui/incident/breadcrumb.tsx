import { Icon } from "../parts/icon.tsx";
import { Link } from "../router/link.tsx";

export function Breadcrumb() {
  return (
    <nav aria-label="Breadcrumb">
      <Link href="/" className="inline-flex items-center gap-1 rounded text-ink-2 text-sm hover:text-ink">
        <Icon name="chevronLeft" className="size-3.5" />
        Queue
      </Link>
    </nav>
  );
}
