import { peerNames } from "../peers/peers.js";
import { drawn, type Look, newTable, paint } from "../report/table.js";
import { type Against, goals, type Reached } from "./goals.js";

/** The goals that no case of the bench measures. */
const elsewhere = [
  ["skip-gram training", "native", ">= 16x fastText, >= 4.5x gensim"],
  ["skip-gram training", "wasm", ">= 8x fastText, >= 2.3x gensim"],
  ["cbow training", "native", ">= 10x fastText, >= 4x gensim"],
  ["cbow training", "wasm", ">= 4x fastText, >= 1.7x gensim"],
] as const;
const whereElse = "node test/peers/word2vec.mjs";

const columns = ["case", "backend", "goal", "measured", "reached"];

/** A goal in words. */
export function describeGoal({ least, most, against }: Pick<Reached, "least" | "most" | "against">): string {
  const whom = describeAgainst(against);
  if (against === "their memory") return `<= ${(most ?? 0) * 100} % of the memory that all logits take`;
  if (least === undefined) return `<= ${most}x the time of ${whom}`;
  return against === "one thread" ? `two threads >= ${least}x one` : `>= ${least}x ${whom}`;
}

function describeAgainst(against: Against): string {
  if (typeof against === "string") return against;
  return against.map((id) => peerNames[id]).join(" and ");
}

function describeMeasured({ measured, against, whom }: Reached): string {
  if (measured === undefined) return "–";
  if (against === "their memory") return `${(measured * 100).toFixed(1)} %`;
  return `${measured.toFixed(2)}x${whom !== undefined && against.length > 1 ? ` (${whom})` : ""}`;
}

const describeReached = ({ reached }: Reached): string => (reached === undefined ? "–" : reached ? "yes" : "no");

/** Goal by goal. */
function fullRows(all: readonly Reached[], withElsewhere: boolean): string[][] {
  const rows = all.map((each) => [
    each.case,
    each.backend,
    describeGoal(each),
    describeMeasured(each),
    describeReached(each),
  ]);
  const others = elsewhere.map(([name, backend, words]) => [name, backend, words, whereElse, "–"]);
  return withElsewhere ? [...rows, ...others] : rows;
}

/** A line for each group and backend: the goals of one kind together. */
function shortRows(all: readonly Reached[]): string[][] {
  const groups = [...new Set(goals.map(({ group }) => group))];
  return groups.flatMap((group) =>
    (["native", "wasm"] as const).flatMap((backend) => {
      const some = all.filter((each) => each.group === group && each.backend === backend);
      if (some.length === 0) return [];
      const cases = [...new Set(some.map((each) => each.case))].join(", ");
      const words = [...new Set(some.map(describeGoal))].join("; ");
      const kinds = [...new Set(some.map(({ against }) => describeAgainst(against)))];
      const measured = kinds.map((kind) =>
        some
          .filter(({ against }) => describeAgainst(against) === kind)
          .map(({ reached, ...each }) => {
            const told = describeMeasured({ ...each, whom: undefined });
            return reached === false ? `**${told}**` : told;
          })
          .join(", "),
      );
      return [[cases, backend, words, measured.join("; ")]];
    }),
  );
}

/** The goals as a table of the terminal; with those that are measured elsewhere, where all were asked for. */
export function formatGoals(all: readonly Reached[], withElsewhere: boolean, look: Look): string {
  const table = newTable(
    look,
    columns,
    columns.map(() => "left"),
  );
  for (const row of fullRows(all, withElsewhere)) {
    const missed = row[4] === "no";
    table.push(missed ? row.map((cell) => paint(look, "red", cell)) : row);
  }
  const judged = all.filter(({ reached }) => reached !== undefined);
  const count = judged.filter(({ reached }) => reached).length;
  return `${drawn(table)}\n${count} of ${judged.length} goals that could be measured are reached.`;
}

/** The goals as two tables of Markdown: one short, what is missed in bold, and one goal by goal. */
export function goalsToMarkdown(all: readonly Reached[], withElsewhere: boolean, machine: string): string {
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return [
    `${machine}; \`nn-embedding bench goals --markdown\``,
    table(["cases", "backend", "goals", "measured (missed ones in bold)"], shortRows(all)),
    table(columns, fullRows(all, withElsewhere)),
  ].join("\n\n");
}
