/** Shares as people read them: 1 → 100 %, 0.987 → 98.7 %, 0.9996 → 99.9 %; what is not whole never shows as 100 %. */
export const formatPercent = (share: number | null): string => {
  if (share === null) return "–";
  const tenths = Math.floor(share * 1000) / 10;
  return `${Number.isInteger(tenths) ? tenths : tenths.toFixed(1)} %`;
};

/** Sizes in bytes: 900 B, 12.5 KB, 3.1 MB; a dash when unknown. */
export const formatBytes = (bytes: number | null): string => {
  if (bytes === null) return "–";
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1).replace(/\.0$/, "")} ${unit}`;
  }
  return `${bytes} B`;
};
