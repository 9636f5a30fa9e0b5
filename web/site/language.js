// Somebody who has chosen a language gets it on every page: a link to the same
// page in another language remembers its own. This runs before anything else is
// read, so that the page which is not wanted starts nothing.
{
  const name = "everysec.language";
  try {
    const wanted = localStorage.getItem(name);
    const there = wanted && wanted !== document.documentElement.lang && document.querySelector(`link[rel=alternate][hreflang="${CSS.escape(wanted)}"]`);
    if (there) {
      globalThis.everysecElsewhere = true;
      location.replace(there.href + location.search + location.hash);
    }
  } catch {
    // storage is forbidden here: nothing is remembered
  }
  addEventListener("click", ({ target }) => {
    const link = target.closest?.(".languages a");
    if (!link) return;
    try {
      localStorage.setItem(name, link.hreflang);
    } catch {}
    if (!link.hash && link.search === location.search) link.hash = location.hash; // the same step
    if (!link.search) link.search = location.search;
  });
}
