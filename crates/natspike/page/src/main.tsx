/** Where the page begins: styles, then the shell into its place. */
import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/tables.css";
import "./styles/charts.css";
import "./styles/report.css";
import "./styles/pickers.css";
import "./styles/desk.css";

const place = document.getElementById("page");
if (place) {
  render(<App />, place);
}
