"""The views: each owns one part of the page and shows in it what `render(state)` finds in the state."""
