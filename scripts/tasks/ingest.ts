await import("../ingest.ts");
