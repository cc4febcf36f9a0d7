// The report as it will be read, shown in the window. Its page is our own, but parts of it are what drivers say of themselves.

/** Elements that a report needs no others of. */
const INERT = 'script, iframe, object, embed, link, meta, base, form, template';

/** Shows the page inside an element, with its own style and nothing that runs. */
export function page(html: string) {
  return (host: HTMLElement) => {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    const read = new DOMParser().parseFromString(html, 'text/html');
    const sheet = new CSSStyleSheet();
    const styles = [...read.querySelectorAll('style')].map((style) => style.textContent ?? '');
    // Inside the shadow the page's root is the host.
    const inside = styles.join('\n').replace(/(^|[\s,{}])(?::root|html)\b/g, '$1:host');
    sheet.replaceSync(inside.replace(/(^|[\s,{}])body\b/g, '$1.body'));
    read.querySelectorAll(`${INERT}, style`).forEach((element) => element.remove());
    for (const element of read.body.querySelectorAll('*'))
      for (const { name } of [...element.attributes])
        if (/^on/i.test(name) || name === 'style' || name === 'href' || name === 'src') element.removeAttribute(name);
    const body = document.createElement('div');
    body.className = 'body';
    body.append(...read.body.childNodes);
    body.lang = read.documentElement.lang;
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren(body);
  };
}

/** The data that the page carries for the help desk's own Chopmark, to be read by people. */
export function dataOf(html: string): string {
  const text = new DOMParser()
    .parseFromString(html, 'text/html')
    .querySelector('script[type="application/json"]')?.textContent;
  try {
    return JSON.stringify(JSON.parse(text ?? ''), null, 2);
  } catch {
    return text ?? '';
  }
}
