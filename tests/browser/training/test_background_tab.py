"""A background tab: the run continues, the title shows it, and nothing piles up until the person is back.

Playwright keeps all its tabs in front, so what a browser does to one behind is done by a script: it says that it is
hidden, draws no frames, and wakes timers once a second.
"""

from tests.support.lab import COMPLETE, PATIENCE, Lab

BACKGROUND = """
{
  const draw = requestAnimationFrame, set = setTimeout, repeat = setInterval
  let state = 'visible'
  self.waitingFrames = []
  Object.defineProperty(document, 'visibilityState', { get: () => state })
  self.requestAnimationFrame = f => state === 'visible' ? draw(f) : waitingFrames.push(f)
  const seldom = time => state === 'visible' ? time : Math.max(1000, time)
  self.setTimeout = (f, time, ...rest) => set(f, seldom(time), ...rest)
  self.looks = 0 // of whatever looks again and again, as that for a dead worker does
  self.setInterval = (f, time, ...rest) => repeat(() => { f(...rest); looks += 1 }, seldom(time))
  self.look = on => {
    state = on ? 'visible' : 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    if (on) waitingFrames.splice(0).forEach(f => draw(f))
    return new Promise(draw) // what was to be drawn before is
  }
}
"""
SAVED_ITERATION = "(JSON.parse(localStorage['scrawl.work.1'] || '{}').iterations || {})['mlp-128']"


def leave_training(lab: Lab, pace: str = "full") -> float:
    """Train, turn to another tab, and return the iteration of that moment."""
    lab.page.add_init_script(BACKGROUND)
    lab.open().complete()
    lab.page.fill("#cache-size", "2")
    lab.click("train")
    lab.wait_number("iteration", 20)
    lab.show("pace")
    lab.page.select_option("#pace", pace)
    lab.page.evaluate("look(false)")
    return lab.number("iteration")


def wait_unseen(lab: Lab, condition: str) -> None:
    """Wait until a JavaScript expression holds, without the frames by which `Lab.wait` looks."""
    lab.page.wait_for_function(condition, timeout=PATIENCE, polling=100)


def test_run_continues_in_a_background_tab(lab: Lab) -> None:
    before = leave_training(lab)
    wait_unseen(lab, f"{SAVED_ITERATION} > {before} + 100")  # saved, too
    wait_unseen(lab, r"/^[\d.]+% training · Scrawl/.test(document.title)")
    assert lab.number("iteration") == before  # nothing is drawn
    assert lab.page.evaluate("waitingFrames.length") == 1  # however many reports have come
    lab.page.evaluate("look(true)")
    lab.wait_number("iteration", before + 100)
    lab.wait_text("train-message", r"went on while you were away: [\d,]+ more iterations")
    assert lab.page.title().startswith("Scrawl")
    marks = lab.page.evaluate("document.querySelectorAll('#loss-curve svg *').length")
    assert 0 < marks < 1000
    lab.click("train")


def test_page_opened_in_a_background_tab_gets_ready_there(lab: Lab) -> None:
    lab.page.add_init_script(BACKGROUND)
    lab.page.add_init_script("look(false)")
    lab.page.goto(lab.url)
    wait_unseen(lab, COMPLETE)
    assert lab.page.evaluate("document.visibilityState") == "hidden"
    lab.page.evaluate("look(true)")
    lab.draw(3)
    lab.wait_text("prediction", "^3$")


def test_worker_of_a_suspended_page_is_not_replaced(lab: Lab) -> None:
    leave_training(lab, "slow")  # the test takes seconds, and the processor has better to do
    lab.page.evaluate("const now = performance.now.bind(performance); performance.now = () => now() + 3_600_000")
    looked = lab.page.evaluate("looks")
    wait_unseen(lab, f"looks >= {looked} + 2")
    lab.page.evaluate("look(true)")
    lab.wait_text("train-message", "went on while you were away")
    lab.click("train")


def test_run_that_ends_in_a_background_tab_is_announced(lab: Lab) -> None:
    lab.page.add_init_script(BACKGROUND)
    lab.open().complete()
    lab.page.fill("#cache-size", "2")
    lab.show("target")
    lab.page.evaluate("document.querySelector('#target').closest('details').open = true")
    lab.page.fill("#target", "50")
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    lab.page.evaluate("document.querySelector('#train').click(), look(false)")
    wait_unseen(lab, r"/% stopped · Scrawl/.test(document.title)")
    lab.page.evaluate("look(true)")
    lab.wait_text("train-message", "Stopped at iteration")
