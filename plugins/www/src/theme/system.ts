/** Chakra's system with Airflow's tokens: `<state>.solid/.fg/.subtle` mean here what they mean there. */
import { createSystem, defaultConfig, defineConfig } from "@chakra-ui/react";

import { black, palettes, type Palette } from "./palettes";

/** Airflow's states and the palette each is drawn in. */
const STATE_PALETTES = {
  active: "blue",
  brand: "brand",
  danger: "red",
  deferred: "purple",
  error: "red",
  failed: "red",
  info: "blue",
  no_status: "gray",
  none: "gray",
  queued: "stone",
  removed: "slate",
  restarting: "violet",
  running: "cyan",
  scheduled: "zinc",
  skipped: "pink",
  success: "green",
  up_for_reschedule: "sky",
  up_for_retry: "yellow",
  upstream_failed: "amber",
  warning: "amber",
} as const satisfies Record<string, Palette>;

const shades = (palette: Palette) => ({
  contrast: { value: "white" },
  emphasized: { value: { _dark: `{colors.${palette}.700}`, _light: `{colors.${palette}.300}` } },
  fg: { value: { _dark: `{colors.${palette}.200}`, _light: `{colors.${palette}.800}` } },
  focusRing: { value: { _dark: `{colors.${palette}.200}`, _light: `{colors.${palette}.800}` } },
  muted: { value: { _dark: `{colors.${palette}.800}`, _light: `{colors.${palette}.200}` } },
  solid: { value: `{colors.${palette}.600}` },
  subtle: { value: { _dark: `{colors.${palette}.900}`, _light: `{colors.${palette}.100}` } },
});

const asTokens = (scale: Record<string, string>) =>
  Object.fromEntries(Object.entries(scale).map(([step, value]) => [step, { value }]));

const paletteTokens = Object.fromEntries(Object.entries(palettes).map(([name, scale]) => [name, asTokens(scale)]));

const semanticColors = Object.fromEntries([
  ...Object.keys(palettes).map((name) => [name, shades(name as Palette)] as const),
  ...Object.entries(STATE_PALETTES).map(([state, palette]) => [state, shades(palette)] as const),
]);

const interStack = "'Inter Variable', Inter, -apple-system, BlinkMacSystemFont, 'Segoe UI', sans-serif";
const monoStack = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";

const config = defineConfig({
  globalCss: {
    "*:focus-visible": { outlineColor: "brand.focusRing", outlineOffset: "1px", outlineStyle: "solid", outlineWidth: "2px" },
    "*, *::before, *::after": { _motionReduce: { animationDuration: "0.01ms !important", transitionDuration: "0.01ms !important" } },
    html: { colorPalette: "brand", height: "100%" },
    body: { fontSize: "14px", height: "100%", lineHeight: "20px", overflow: "hidden" },
    "#root": { height: "100%" },
  },
  theme: {
    recipes: { button: { base: { borderRadius: "6px", colorPalette: "brand" }, defaultVariants: { size: "xs" } } },
    semanticTokens: { colors: semanticColors },
    tokens: {
      colors: { ...paletteTokens, black: { value: black } },
      fonts: { body: { value: interStack }, heading: { value: interStack }, mono: { value: monoStack } },
    },
  },
});

export const system = createSystem(defaultConfig, config);
