// On the thank-you page: what the shop's server wrote down of the order goes to the tag.
const told = document.getElementById("order");
if (told) {
  const { event_type, order } = JSON.parse(told.textContent);
  accredit.conversion(order, event_type);
}
