/** Prints a table: in columns, or as markdown. */
export function printTable(head, rows, isMarkdown = false) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const lines = isMarkdown ? [head, head.map(() => "---"), ...rows] : [head, ...rows];
  for (const line of lines) {
    if (isMarkdown) console.log(`| ${line.join(" | ")} |`);
    else console.log(line.map((cell, column) => cell.padEnd(widths[column])).join("  "));
  }
}
