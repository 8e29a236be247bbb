await import("../test-crash.ts");
