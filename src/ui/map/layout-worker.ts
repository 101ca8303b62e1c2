/** Lays graphs out, in a Worker. */
import { layoutGraph } from "../../analysis/graph-layout.ts";
import type { LayoutAnswered, LayoutAsked } from "./layout-calls.ts";

addEventListener("message", ({ data }: MessageEvent<LayoutAsked>) => {
  const { turn, names, edges, before } = data;
  const answer: LayoutAnswered = { turn, places: layoutGraph(names, edges, before) };
  postMessage(answer);
});
