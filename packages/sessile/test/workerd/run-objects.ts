/** Classes of the run tests' Worker, by binding. */
export const runObjects = {
  HELPERS: { className: "Helpers" },
  TITLED: { className: "Titled" },
  OWNED: { className: "Owned" },
};
