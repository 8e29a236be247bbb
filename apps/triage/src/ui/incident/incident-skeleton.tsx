const lines = [70, 92, 84, 60, 88];

export function IncidentSkeleton() {
  return (
    <main
      id="main"
      aria-busy="true"
      aria-label="Loading the incident"
      className="mx-auto max-w-[100rem] p-3 md:px-5"
    >
      <div className="shimmer mt-3 h-6 w-2/3 max-w-xl" />
      <div className="shimmer mt-3 h-4 w-72" />
      <div className="mt-6 rounded-lg border border-line bg-surface p-4">
        {lines.map((width) => (
          <div key={width} className="shimmer mb-3 h-3.5" style={{ width: `${width}%` }} />
        ))}
      </div>
    </main>
  );
}
