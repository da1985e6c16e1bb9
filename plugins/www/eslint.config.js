import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

/** Graph logic stays free of React; only the client module talks to the network; the sandboxed frame allows no native dialogs. */
const noNetwork = ["fetch", "XMLHttpRequest", "alert", "confirm", "prompt", "open"];

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  reactHooks.configs.flat["recommended-latest"],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/dot-notation": "off",
      "max-lines": ["error", { max: 200, skipBlankLines: true, skipComments: true }],
      // Told to users of the React compiler, which we do not run.
      "react-hooks/incompatible-library": "off",
      "no-restricted-globals": ["error", ...noNetwork],
      "no-restricted-properties": [
        "error",
        ...["alert", "confirm", "open", "prompt"].map((property) => ({ object: "window", property })),
      ],
      "no-restricted-syntax": ["error", { message: "Colours come from tokens.", selector: "Literal[value=/^#[0-9a-fA-F]{3,8}$/]" }],
    },
  },
  {
    files: ["src/graph/**"],
    rules: { "no-restricted-imports": ["error", { patterns: ["react", "react-*", "@xyflow/*", "@chakra-ui/*"] }] },
  },
  { files: ["src/theme/palettes.ts"], rules: { "max-lines": "off" } },
  { files: ["src/**/*.test.{ts,tsx}"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  { extends: [tseslint.configs.disableTypeChecked], files: ["*.js"] },
);
