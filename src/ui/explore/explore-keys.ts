/** The list of Explore's keys that `?` shows. */
export const exploreKeyHelp: readonly (readonly [keys: readonly string[], what: string])[] = [
  [["↑", "↓", "k", "j"], "Previous or next line of the table"],
  [["Enter"], "Open the line"],
  [["<", ">"], "Earlier or later, by half of the time shown"],
  [["-"], "Twice as much time"],
  [["←", "→", "↑", "↓"], "On the heatmap: from cell to cell; with Shift, make a box"],
  [["Enter"], "On the heatmap: the traces in the box or cell"],
  [["Esc"], "Remove the box"],
  [["/"], "Write a query"],
  [["o"], "Open a trace by its id"],
  [["?"], "Show these keys"],
];

/** The keys of a page with nothing but a time to choose. */
export const timeKeyHelp: typeof exploreKeyHelp = [
  [["<", ">"], "Earlier or later, by half of the time shown"],
  [["-"], "Twice as much time"],
  [["/"], "Look for a name"],
  [["o"], "Open a trace by its id"],
  [["?"], "Show these keys"],
];

/** The keys of the map. */
export const mapKeyHelp: typeof exploreKeyHelp = [
  [["←", "→", "↑", "↓"], "From node to node"],
  [["Enter"], "Open the service, the spans that name the node, or the group"],
  [["f"], "Only what is near the node"],
  [["1", "2", "3"], "So many calls away from it"],
  [["Esc"], "Show all again"],
  [["t"], "Map or table"],
  ...timeKeyHelp,
];
