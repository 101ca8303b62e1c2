import { render } from "preact";
import { App } from "./shell/app.tsx";
import { startRouting } from "./shell/place.ts";

startRouting();
render(<App />, document.querySelector("#app")!);
