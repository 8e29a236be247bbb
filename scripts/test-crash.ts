// npm run test:crash. Imported by address: the driver is of another TypeScript project, with the browser's types.
await import(new URL("../packages/sessile/test/crash/main.ts", import.meta.url).href);
