// For who writes: the page loads again when it has been built anew. Only
// `make dev` puts it there.
const tag = async () => {
  try {
    return (await fetch(location.pathname, { method: "HEAD", cache: "no-store" })).headers.get("ETag");
  } catch {
    return null; // the server is away for the moment
  }
};
const first = await tag();
setInterval(async () => {
  const now = await tag();
  if (now && now !== first) location.reload();
}, 700);
