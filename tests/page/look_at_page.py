"""Opens pages in headless Chromium, clicks in them, and prints what they show as JSON.

Reads a list of visits from stdin: {"page": path, "width", "model": id, "batch": label, "clicks": number}, for a
picture also "shot": path, "theme" and "media". "clicks": 0 opens no batch. "do" has further actions in order: ["click", selector],
["shift-click", selector], ["drag", from, to], ["key", name], ["type", text], ["value", expression], whose values are "values".
"controls": true lists the controls of the accessibility tree, "pdf": path prints the page. Uses the WebDriver protocol of Debian's chromedriver, so Python needs no packages.
"""

import base64
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = next(f"http://127.0.0.1:{line.split()[-1].rstrip('.')}" for line in self.driver.stdout if " on port " in line and "Starting" not in line)
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--user-data-dir={profile}"],
        }
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = ""
        self.session = "/session/" + self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + self.session + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.read().decode()}")

    def devtools(self, command, **parameters):
        """Sends a command of the Chrome DevTools Protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, expression):
        result = self.devtools("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def click(self, selector):
        element = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{element[ELEMENT]}/click", {})

    def center(self, selector):
        return self.run(f"(() => {{ const {{ left, top, width, height }} = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); return [left + width / 2, top + height / 2]; }})()")

    def mouse(self, kind, position, **more):
        x, y = position
        self.devtools("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def drag(self, first, last):
        self.mouse("mouseMoved", self.center(first))
        self.mouse("mousePressed", self.center(first), button="left", buttons=1, clickCount=1)
        self.mouse("mouseMoved", self.center(last), button="left", buttons=1)
        self.mouse("mouseReleased", self.center(last), button="left", clickCount=1)

    def press(self, key):
        *modifiers, name = key.split("-")
        text = name if len(name) == 1 else {"Enter": "\r"}.get(name, "")
        options = {"key": name, "modifiers": 8 if "Shift" in modifiers else 0}
        self.devtools("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **options)
        self.devtools("Input.dispatchKeyEvent", type="keyUp", **options)

    def act(self, kind, *arguments):
        """Does one action; returns the value of a "value" action."""
        if kind == "value":
            return self.run(arguments[0])
        if kind == "key":
            self.press(arguments[0])
        elif kind == "type":
            self.devtools("Input.insertText", text=arguments[0])
        elif kind == "drag":
            self.drag(*arguments)
        else:
            modifiers = 8 if kind == "shift-click" else 0
            position = self.center(arguments[0])
            self.mouse("mousePressed", position, button="left", buttons=1, clickCount=1, modifiers=modifiers)
            self.mouse("mouseReleased", position, button="left", clickCount=1, modifiers=modifiers)
        return None

    def controls(self):
        """The role and the name of each control, in the order of the accessibility tree."""
        roles = {"button", "link", "searchbox", "textbox", "gridcell", "columnheader", "rowheader", "image", "region", "grid", "table", "complementary", "heading", "status",
                 "DisclosureTriangle"}
        nodes = self.devtools("Accessibility.getFullAXTree")["nodes"]
        found = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
        scrolled = "[...document.querySelectorAll('*')].filter((e) => e.scrollHeight > e.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(e).overflowY)).map((e) => ['scroller', e.id || e.className, e.tabIndex])"
        return found + self.run(scrolled)

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def close(self):
        self.call("DELETE", "")
        self.driver.terminate()
        self.driver.wait()


SHOWN = """(() => {
  const text = (selector) => document.querySelector(selector)?.textContent ?? null;
  const facts = [...document.querySelectorAll("#batch dt")].map((name) => [name.textContent, name.nextSibling.textContent]);
  const heads = [...document.querySelectorAll("#columns span")].filter((head) => getComputedStyle(head).visibility === "visible");
  return {
    title: text("#batch h3"), sql: text("#batch pre.sql"), facts: Object.fromEntries(facts), words: text("#batch pre.words"),
    marks: [...document.querySelectorAll("#batch pre.sql mark")].map((mark) => [mark.className, mark.textContent]),
    cells: document.querySelectorAll(".cell").length, batches: models.reduce((sum, model) => sum + model.batches, 0),
    wider: document.documentElement.scrollWidth - innerWidth,
    heads: heads.map((head) => { const range = document.createRange(); range.selectNodeContents(head); const { left, right } = range.getBoundingClientRect(); return [left, right]; }),
  };
})()"""


def visit(browser, request):
    # The size of the viewport, not of the window.
    size = {"width": request.get("width", 1400), "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.devtools("Emulation.setDeviceMetricsOverride", **size)
    browser.devtools("Emulation.setEmulatedMedia", media=request.get("media", ""), features=[{"name": "prefers-color-scheme", "value": request.get("theme", "light")}])
    # Discards the requests of Chromium itself.
    browser.call("POST", "/url", {"url": "about:blank"})
    browser.log("performance")
    loads, clicks = [], []
    view, values = {}, []
    if request["clicks"] == 0:
        browser.call("POST", "/url", {"url": Path(request["page"]).resolve().as_uri() + request.get("hash", "")})
    for _ in range(request["clicks"]):
        start = time.monotonic()
        browser.call("POST", "/url", {"url": Path(request["page"]).resolve().as_uri()})
        loads.append(time.monotonic() - start)
        browser.click(f'#models a[href="#{request["model"]}"]')
        browser.run("document.querySelector('#grid').scrollIntoView({ block: 'center' })")
        start = time.monotonic()
        browser.click(f'.cell[aria-label^="{request["batch"]},"]')
        view = browser.run(SHOWN)
        clicks.append(time.monotonic() - start)
    for kind, *arguments in request.get("do", []):
        value = browser.act(kind, *arguments)
        if kind == "value":
            values.append(value)
    if request["clicks"] == 0:
        view = browser.run(SHOWN)
    if request.get("controls"):
        view["controls"] = browser.controls()
    if request.get("pdf"):
        printed = browser.devtools("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        Path(request["pdf"]).write_bytes(base64.b64decode(printed["data"]))
    requests = [json.loads(entry["message"])["message"] for entry in browser.log("performance")]
    urls = {message["params"]["request"]["url"].split("#")[0] for message in requests if message["method"] == "Network.requestWillBeSent"}
    view |= {"values": values, "console": [entry["message"] for entry in browser.log("browser")], "requests": sorted(urls)}
    if request.get("shot"):
        browser.run("window.scrollTo(0, 0)")
        picture = browser.devtools("Page.captureScreenshot", captureBeyondViewport="media" in request)
        Path(request["shot"]).write_bytes(base64.b64decode(picture["data"]))
    return view | {"load": min(loads, default=0), "click": min(clicks, default=0)}


with tempfile.TemporaryDirectory() as profile:
    browser = Browser(profile)
    try:
        print(json.dumps([visit(browser, request) for request in json.load(sys.stdin)]))
    finally:
        browser.close()
