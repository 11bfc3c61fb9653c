// Finds what no template of ours draws: a payload that got into the page.
(page) => {
  const inert = typeof page === 'string';
  const doc = inert ? new DOMParser().parseFromString(page, 'text/html') : document;
  const NEVER = 'iframe, object, embed, style, base, math, marquee, video, audio, template, animate, frame';
  const URLS = ['href', 'src', 'action', 'formaction', 'data', 'xlink:href', 'poster'];
  const found = inert || window.pwn === undefined ? [] : ['it ran'];
  const say = (element, why) => found.push(`${why}: ${element.outerHTML.slice(0, 160)}`);
  for (const element of doc.querySelectorAll('*')) {
    if (element.matches(NEVER)) say(element, 'element');
    if (element.matches('script') && !/^\/static\/[\w.]+\.js\?v=[\w.]+$/.test(element.getAttribute('src') || '')) say(element, 'script');
    if (element.matches('link') && !/^\/static\//.test(element.getAttribute('href') || '')) say(element, 'link');
    if (element.matches('img') && !/^\/static\//.test(element.getAttribute('src') || '')) say(element, 'image');
    // Without JavaScript the page asks for itself again: a number of seconds, and no address.
    const again = element.matches('noscript > meta[http-equiv="refresh"]') && /^\d+$/.test(element.content);
    if (element.matches('meta[http-equiv]') && !again) say(element, 'meta');
    for (const { name, value } of element.attributes) {
      if (/^(on|hx-on)/.test(name) || ['srcdoc', 'style'].includes(name)) say(element, 'attribute');
      if (name === 'hx-get' && !value.startsWith('/fragments/')) say(element, 'htmx');
      if (URLS.includes(name)) {
        let scheme = '';
        try { scheme = new URL(value, 'http://houndmon.test/').protocol; } catch { /* no address at all */ }
        if (!['http:', 'https:', ''].includes(scheme)) say(element, 'address');
      }
    }
  }
  return found;
}
