// An open menu closes when somebody goes on elsewhere. Without this script it closes by its button.

const menus = [...document.querySelectorAll("details.menu")];

function closeAllBut(kept) {
  for (const menu of menus) {
    if (menu !== kept) {
      menu.open = false;
    }
  }
}

document.addEventListener("pointerdown", (event) => {
  closeAllBut(event.target.closest("details.menu"));
});

document.addEventListener("focusin", (event) => {
  closeAllBut(event.target.closest("details.menu"));
});

for (const menu of menus) {
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
