"""brython.js made faster where the page spends its time in it; what Python code computes stays the same.

Each part is a text of Brython's and what replaces it. Most of them keep Brython from raising and catching an
exception of its own, from asking for descriptions of classes again and again, or from looking up what it has just
found. A release of Brython without one of the texts is refused.
"""

from infra.page.brython_speed_values import PARTS

# Setting an element's attribute described all properties of its class and of those above, to print a warning.
_SET_ON_ELEMENT = (
    r"function warn(msg){console.log(msg)",
    "self[attr]=$B.pyobj2jsobj(value)\nreturn _b_.None}\nDOMNode.mp_ass_subscript",
    "",
)
# An attribute of an object was set only after all that a class may say of it was looked up.
_SET = (
    "$B.$setattr=function(obj,attr,value){",
    '\nvar test=false \nif(test){console.log("set attr"',
    """\
$B.$setattr=function(obj,attr,value){
const own=obj?.[$B.DICT],kind=obj?.ob_type
if(own && value !==undefined && kind?.ob_type===_b_.type && kind.tp_setattro===_b_.object.tp_setattro &&
Object.hasOwn(own,attr)&&$B.search_in_mro(kind,attr,$B.NULL)===$B.NULL){_b_.dict.$setitem(own,attr,value)
return _b_.None}""",
)
# A method or function of an object was looked up, bound to it, and looked up again.
_CALL = (
    "var own_dict=$B.get_dict(obj)\nif($B.get_class(klass)===_b_.type){var in_klass_dict",
    "return $B.$call_with_position($B.$getattr_pep657(obj,attr,inum),inum,...args)}\nvar counter",
    """\
if(klass.ob_type===_b_.type && klass.$getattribute===_b_.object.tp_getattro){const own=$B.get_dict(obj)
const in_class=$B.search_in_mro(klass,attr,$B.NULL)
if(own && Object.hasOwn(own,attr)){if(in_class===$B.NULL ||in_class?.ob_type===$B.function){
return $B.$call(own[attr],...args)}
}else if(in_class?.ob_type===$B.function){return in_class(obj,...args)}}}
""",
)
_GET = (
    "if(in_klass_dict &&\nklass.$getattribute===_b_.object.tp_getattro){switch",
    "case $B.function:\nif(in_own_dict===$B.NULL){return $B.method.$factory",
    """\
if(in_klass_dict===$B.NULL && in_own_dict !==$B.NULL && klass.ob_type===_b_.type &&
klass.$getattribute===_b_.object.tp_getattro){return in_own_dict}
if(in_klass_dict &&
klass.$getattribute===_b_.object.tp_getattro){switch(in_klass_dict.ob_type){""",
)
# Each function that started or ended asked whether it is to be traced.
_TRACE = ("if($B.tracefunc !==_b_.None){if(frame[4]===$B.tracefunc ||", "$B.trace_exception=function", "}\n")
# What kind of thing an object of the browser is was found out from all names of its class, each time.
_KIND = (
    "$B.get_jsobj_class=function(obj){",
    "$B.JSMeta=$B.make_builtin_class",
    """\
const kinds=new WeakMap()
$B.get_jsobj_class=function(obj){if(typeof obj=='function'){return $B.JSObj}
var proto=Object.getPrototypeOf(obj)
if(proto===null){return $B.JSObj}
let kind=kinds.get(proto)
if(kind===undefined){
kind=proto[Symbol.iterator]!==undefined ? $B.IterableJSObj :
Object.getOwnPropertyNames(proto).includes('length')? $B.SizedJSObj :$B.JSObj
kinds.set(proto,kind)}
return kind}
""",
)
# Whether names are looked up in a module was found out from the kind of thing that the names are in.
_FIND_NAME = (
    "if($B.exact_type(ns,$B.module)){var res",
    "=$B.module.tp_getattro(ns,name)",
    "if(ns.ob_type===$B.module){var res",
)
# Texts and numbers were compared with all that they might be.
_TO_JAVASCRIPT = (
    "var pyobj2jsobj=$B.pyobj2jsobj=function(pyobj){",
    "\nswitch(pyobj){case true:",
    "var pyobj2jsobj=$B.pyobj2jsobj=function(pyobj){\n"
    "if(typeof pyobj=='string' ||typeof pyobj=='number'){return pyobj}",
)
# Each time a function of the browser was found, its source was read to see whether it is a class.
_CLASSES = (
    "const PYOBJFCT=Symbol('PYOBJFCT')",
    "\nconst PYOBJFCTS=",
    """\
const classes=new WeakMap()
function is_class(f){let known=classes.get(f)
if(known===undefined){classes.set(f,known=f.toString().startsWith('class '))}
return known}
const PYOBJFCT=Symbol('PYOBJFCT')""",
)
_READ = "js_attr.toString().startsWith('class ')){\nreturn jsclass2pyclass"
_READ_ONCE = "is_class(js_attr)){\nreturn jsclass2pyclass"
_PARTS = (*(_SET_ON_ELEMENT, _SET, _CALL, _GET, _TRACE, _KIND, _FIND_NAME, _TO_JAVASCRIPT, _CLASSES), *PARTS)


def faster(script: str) -> str:
    """Return brython.js with its slow parts replaced: each from its first words to what follows it."""
    for first, following, replacement in _PARTS:
        start = _place(script, first, 1)
        end = script.find(following, start)
        if end < 0:
            raise ValueError(f"brython.js has no {following!r} after {first!r}: is it another version?")
        script = script[:start] + replacement + script[end:]
    _place(script, _READ, 2)
    return script.replace(_READ, _READ_ONCE)


def _place(script: str, text: str, expected: int) -> int:
    """Return where a text is in the script."""
    if (count := script.count(text)) != expected:
        raise ValueError(f"brython.js has {text!r} {count} times, expected {expected}: is it another version?")
    return script.index(text)
