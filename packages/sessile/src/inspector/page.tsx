import { createRoot } from "react-dom/client";
import { addressOf } from "./address.ts";
import { Inspector } from "./inspector.tsx";
import { takeOperatorHeaders } from "./operator-token.ts";

const address = addressOf(location, takeOperatorHeaders());
document.title = `${address.kind}/${address.name} · Inspector`;
const root = document.getElementById("root");
if (root) createRoot(root).render(<Inspector address={address} />);
