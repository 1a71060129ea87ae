// What the chat page keeps in this tab belongs to a login, and goes with it.

for (const link of document.querySelectorAll('a[href="/accounts/logout/"]')) {
  link.addEventListener("click", () => {
    try {
      for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith("multichat:"))) {
        sessionStorage.removeItem(key);
      }
    } catch (error) {
      // Switched off: then nothing is kept.
      if (!(error instanceof DOMException)) {
        throw error;
      }
    }
  });
}
