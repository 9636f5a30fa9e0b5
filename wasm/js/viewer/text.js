// Elements and texts: what the viewer is made of.

export const element = (tag, properties = {}, ...children) => {
  const { role, aria = {}, data = {}, ...rest } = properties;
  const e = Object.assign(document.createElement(tag), rest);
  if (role) e.setAttribute("role", role);
  for (const [name, value] of Object.entries(aria)) e.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(data)) e.dataset[name] = value;
  e.append(...children);
  return e;
};

// What the page says, in its language: see boot.js and web/words.
export const say = (english, ...values) => globalThis.everysecSay(english, ...values);
export const count = (n) => globalThis.everysecSay.count(n);
export const plural = (n, english, ...values) => globalThis.everysecSay.plural(n, english, ...values);
export const size = (n) => {
  if (n < 10_000) return `${count(n)} B`;
  let unit = 0;
  for (n /= 1024; n >= 1000 && unit < 2; unit++) n /= 1024;
  return `${globalThis.everysecSay.count(n, n < 9.995 ? 2 : n < 99.95 ? 1 : 0)} ${["KB", "MB", "GB"][unit]}`;
};
export const hex = (n, digits) => n.toString(16).padStart(digits, "0");

// offsetOf reads an offset as somebody writes it, of a file of so many bytes:
// it is a number, or a text that says what is wrong.
export function offsetOf(text, bytes) {
  const written = text.trim().replaceAll(",", "");
  if (/^[0-9a-f]*[a-f][0-9a-f]*$/i.test(written)) return say("Hexadecimal begins with 0x: {written}", `0x${written}`);
  if (!/^([0-9]+|0x[0-9a-f]+)$/i.test(written)) return say("An offset is a number, as 1234 or 0x4d2");
  const offset = Number(written);
  return offset < bytes ? offset : bytes ? say("The last byte is {offset}", `${count(bytes - 1)} = 0x${hex(bytes - 1, 1)}`) : say("The file is empty");
}
