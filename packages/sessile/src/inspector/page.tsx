import { createRoot } from "react-dom/client";
import { addressOf } from "./address.ts";
import { Inspector } from "./inspector.tsx";

const address = addressOf(location);
document.title = `${address.kind}/${address.name} · Inspector`;
const root = document.getElementById("root");
if (root) createRoot(root).render(<Inspector address={address} />);
