import { createRoot } from "react-dom/client";
import { addressOf } from "./address.ts";
import { IndexPage } from "./index-page.tsx";
import { Inspector } from "./inspector.tsx";
import { takeOperatorHeaders } from "./operator-token.ts";

const headers = takeOperatorHeaders();
const address = addressOf(location, headers);
document.title = `${address ? `${address.kind}/${address.name}` : "Sessions"} · Inspector`;
const root = document.getElementById("root");
if (root)
  createRoot(root).render(address ? <Inspector address={address} /> : <IndexPage headers={headers} />);
