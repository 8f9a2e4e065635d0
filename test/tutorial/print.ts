/** The rows of a table as PyTorch prints them: four decimals, a blank where there is no minus. */
export function print(table: Float32Array, numColumns: number): string[] {
  const rows: string[] = [];
  for (let start = 0; start < table.length; start += numColumns) {
    const row = Array.from(table.subarray(start, start + numColumns), (value) => value.toFixed(4).padStart(7));
    rows.push(`[${row.join(", ")}]`);
  }
  return rows;
}
