"""The parts of brython.js about dictionaries, loops and numbers that `brython_speed` makes faster.

Each is a text of Brython's, the text that follows what is replaced, and the replacement.
"""

type Part = tuple[str, str, str]

# `get` raised a KeyError and caught it.
_DICT_LOOKUP = (
    "dict.$getitem=function(self,key,ignore_missing){",
    "if(! ignore_missing){var klass=$B.get_class(self)",
    """\
dict.$lookup=function(self,key){
if(Object.hasOwn(self,$B.JSOBJ)){if(Object.hasOwn(self[$B.JSOBJ],key)){return $B.jsobj2pyobj(self[$B.JSOBJ][key])}
return $B.NULL}
if(typeof key=='string'){return self.hasOwnProperty(key)? self[key]:$B.NULL}
if(! self[TABLE]){var hash_method=$B.$getattr($B.get_class(key),'__hash__')
if(hash_method===$B.str_dict_get($B.get_dict(_b_.object),'__hash__')){return $B.NULL}
convert_all_str(self)}
let index=index_by_key(self,key)
return index===null ? $B.NULL :self[VALUES][index]}
dict.$getitem=function(self,key,ignore_missing){
const found=dict.$lookup(self,key)
if(found !==$B.NULL){return found}
if(Object.hasOwn(self,$B.JSOBJ)){$B.RAISE(_b_.KeyError,key)}
""",
)
_DICT_GET = (
    "dict_funcs.get=function(self){var $=$B.args",
    "dict_funcs.items=function",
    """\
dict_funcs.get=function(self,key,_default){var nb=arguments.length
if(nb < 2 ||nb > 3 ||arguments[nb-1]?.$kw){
var $=$B.args("get",3,{self:null,key:null,_default:null},arguments,{_default:_b_.None})
key=$.key
_default=$._default}else if(nb==2){_default=_b_.None}
const found=dict.$lookup(self,key)
return found===$B.NULL ? _default :found}
""",
)
# Each name that was set was read as a number first, and set twice.
_DICT_SET = (
    "dict.$setitem=function(self,key,value,$hash,from_setdefault){",
    "\nif(self[$B.JSOBJ]){",
    """\
dict.$setitem=function(self,key,value,$hash,from_setdefault){
if(typeof key=='string' && key > '0' && ! self[TABLE]&& ! self[$B.JSOBJ]){
if(! Object.hasOwn(self,key)){self[VERSION]=(self[VERSION]?? 0)+1}
self[key]=value
return _b_.None}""",
)
# A generator's end was an exception, also in `for`.
_GENERATOR = (
    "generator_funcs.send=function(self,value){",
    "generator_funcs.throw=function",
    """\
function step(self,value){
var gen=self.js_gen
gen.$has_run=true
if(gen.$finished){return{done:true,value}}
if(gen.gi_running===true){$B.RAISE(_b_.ValueError,"generator already executing")}
gen.gi_running=true
var save_frame_obj=$B.frame_obj
if(self.$frame){$B.frame_obj=$B.push_frame(self.$frame)}
try{
var res=gen.next(value)}catch(err){gen.$finished=true
$B.frame_obj=save_frame_obj
throw err}
if($B.frame_obj !==null && $B.frame_obj.frame===self.$frame){$B.leave_frame()}
$B.frame_obj=save_frame_obj
if(res.value && res.value.ob_type===$GeneratorReturn){gen.$finished=true
return{done:true,value:res.value.value}}
gen.gi_running=false
return res}
generator_funcs.send=function(self,value){const res=step(self,value)
if(res.done){$B.RAISE(_b_.StopIteration,res.value)}
return res.value}
$B.generator[$B.FAST_ITER]=(self,set_lineno,frame,lineno)=>({
[Symbol.iterator](){return this},next(){set_lineno(frame,lineno)
return step(self,_b_.None)}})
""",
)
# So was the end of Brython's own iterators; they are JavaScript's generators.
_ITERATOR = (
    "var it=$B.$iter(iterator)\nvar test=false \nif(test){console.log('make js iterator',it)}",
    "if(test){console.log('next_func',next_func)}",
    """\
var it=$B.$iter(iterator)
const kind=$B.get_class(it)
if(Object.hasOwn(kind,'tp_iternext')&& kind.tp_iternext instanceof Steps){return{
[Symbol.iterator](){return this},next(){set_lineno(frame,lineno)
try{
return kind.tp_iternext(it).next()}catch(err){if($B.is_exc(err,[_b_.StopIteration])){return{done:true,value:null}}
throw err}}}}
var next_func=$B.$getattr(kind,'__next__',null),test=false
""",
)
_ITERATOR_KINDS = (
    "$B.make_js_iterator=function(iterator,frame,lineno){",
    "\nvar set_lineno=$B.set_lineno",
    "const Steps=Object.getPrototypeOf(function*(){}).constructor\n"
    "$B.make_js_iterator=function(iterator,frame,lineno){",
)
# `all` took any error for the end.
_ALL = (
    "_b_.all=function(obj){check_nb_args_no_kw('all',1,arguments)",
    "_b_.anext=function",
    """\
_b_.all=function(obj){check_nb_args_no_kw('all',1,arguments)
for(var elt of $B.make_js_iterator(obj)){if(! $B.$bool(elt)){return false}}
return true}
""",
)
_JOIN = (
    "iterable=_b_.iter(iterable)\nvar res=[],count=0\nwhile(1){try{\nvar obj2=_b_.next(iterable)",
    "return res.join(_self)}",
    """\
var res=[]
for(var obj2 of $B.make_js_iterator(iterable)){
if(! $B.is_str(obj2)){$B.RAISE(_b_.TypeError,"sequence item "+res.length+
": expected str instance, "+$B.class_name(obj2)+
" found")}
res.push(obj2)}
""",
)
# A list or tuple was unpacked with an iterator.
_UNPACK = (
    "let it\ntry{\nit=$B.make_js_iterator(obj)}catch(err){$B.set_inum(inum)\n$B.RAISE(_b_.TypeError,`cannot unpack",
    ",right_length=t.length,left_length=",
    """\
let it
if(obj?.ob_type===_b_.tuple ||obj?.ob_type===_b_.list){it=obj.slice()}else{
try{
it=$B.make_js_iterator(obj)}catch(err){$B.set_inum(inum)
$B.RAISE(_b_.TypeError,`cannot unpack non-iterable ${$B.class_name(obj)} object`
)}}
var t=Array.isArray(it)? it :Array.from(it)""",
)
# Texts and floats were compared by methods that had to be looked up.
_COMPARE = (
    'if((typeof x1=="number" ||typeof x1=="bigint")&&\n(typeof y1',
    'switch(op){case "__eq__":\nreturn x1==y1',
    """\
if(typeof x1=="string" && typeof y1=="string"){if(op=="__eq__"){return x1==y1}
if(op=="__ne__"){return x1 !=y1}}
if(x1?.ob_type===_b_.float){x1=x1.value}
if(y1?.ob_type===_b_.float){y1=y1.value}
if((typeof x1=="number" ||typeof x1=="bigint")&&
(typeof y1=="number" ||typeof y1=="bigint")){""",
)
# A sum or product of 0 was computed twice.
_ZERO = (
    "if(z){if(res_is_int && Number.isSafeInteger(z)){return z}",
    "else if(res_is_float){return{ob_type:_b_.float,value:z}}}}",
    "if(z !==undefined){if(res_is_int && Number.isSafeInteger(z)){return z+0}",
)
# // and % were computed with large integers, powers by asking for each special case.
_DIVIDE = (
    'case "__truediv__":\nif(y_num==0){',
    '$B.RAISE(_b_.ZeroDivisionError,"division by zero")}\nz=x_num/y_num',
    """\
case "__floordiv__":
case "__mod__":
if(res_is_int && y_num > 0){const left=x_num % y_num,rest=left < 0 ? left+y_num :left
z=op=="__mod__" ? rest :(x_num-rest)/y_num}
break
case "__truediv__":
if(y_num==0){""",
)
_POWER = (
    "if(res_is_int && y_num >=0){return _b_.int.$int_or_long(",
    "BigInt(x_num)**BigInt(y_num))}\nbreak",
    """\
if(res_is_float && x_num > 0){const power=x_num**y_num
if(Number.isFinite(x_num)&& Number.isFinite(y_num)&& Number.isFinite(power)){z=power}}
if(res_is_int && y_num >=0){return _b_.int.$int_or_long(""",
)
# `len`, `round` and `int` looked for keywords and methods before anything else.
_LENGTH = (
    "var len=_b_.len=function(obj){",
    "check_nb_args_no_kw('len',1,arguments)",
    """\
var len=_b_.len=function(obj){
if(arguments.length==1 &&(obj?.ob_type===_b_.list ||obj?.ob_type===_b_.tuple)){return obj.length}
""",
)
_ROUND = (
    "_b_.round=function(){",
    "var $=$B.args('round',2",
    """\
_b_.round=function(number){if(arguments.length==1){if(typeof number=='number'){return number}
if(number?.ob_type===_b_.float && Math.abs(number.value)<=Number.MAX_SAFE_INTEGER){const near=Math.round(number.value)
return(near-number.value==0.5 && near % 2 ? near-1 :near)+0}}
""",
)
_INTEGER = (
    "int.$factory=function(value,base){",
    "var[args,kw]=$B.parse_args_kw('int',arguments)",
    """\
int.$factory=function(value,base){if(arguments.length==1){if(typeof value=='number'){return value}
if(value?.ob_type===_b_.float && Math.abs(value.value)<=Number.MAX_SAFE_INTEGER){return Math.trunc(value.value)+0}}
""",
)
PARTS: tuple[Part, ...] = (
    *(_DICT_LOOKUP, _DICT_GET, _DICT_SET, _GENERATOR, _ITERATOR_KINDS, _ITERATOR, _ALL, _JOIN, _UNPACK),
    *(_COMPARE, _ZERO, _DIVIDE, _POWER, _LENGTH, _ROUND, _INTEGER),
)
