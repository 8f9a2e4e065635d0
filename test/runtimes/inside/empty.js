/** A worker without the package. */
export default {
  fetch: () => new Response("4096"),
};
