export { type Accounts, type AccountsOptions, createAccounts } from "./create-accounts.ts";
