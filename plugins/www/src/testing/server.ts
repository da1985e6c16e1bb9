/** The API for component tests: answers by method and path, and remembers what was asked. */

type Reply = { status?: number; body: unknown };
type Handler = (request: { url: URL; body: unknown }) => Reply;

const API = "/dataflow/api/v1";
let handlers = new Map<string, Handler>();
let asked: { route: string; url: URL; body: unknown }[] = [];

/** `GET /me` is answered by the handler until the test ends. */
export const serve = (route: string, handler: Handler | Reply): void => {
  handlers.set(route, typeof handler === "function" ? handler : () => handler);
};

/** The bodies and addresses asked of one route, in order. */
export const requestsOf = (route: string) => asked.filter((each) => each.route === route);

export const resetServer = (): void => {
  handlers = new Map();
  asked = [];
};

export const answer = async (input: Request): Promise<Response> => {
  const url = new URL(input.url);
  const text = await input.text();
  const body: unknown = text ? JSON.parse(text) : null;
  const route = `${input.method} ${decodeURIComponent(url.pathname.replace(API, ""))}`;
  asked.push({ body, route, url });
  const { body: reply, status = 200 } = handlers.get(route)?.({ body, url }) ?? { body: { code: "DF-API-404", detail: `No handler for ${route}` }, status: 404 };
  return new Response(JSON.stringify(reply), { headers: { "content-type": "application/json" }, status });
};
