// A helper of the training kernel: a thread that shares the worker's memory and does parts of its work (site/kernel/team.c).
const help = async ({ module, memory, thread, team, stack }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
  exports.__stack_pointer.value = stack
  postMessage('ready')
  try {
    exports.help(thread, team)
  } catch (error) {
    exports.give_up(thread, team)
    throw error
  }
}
onmessage = ({ data }) => help(data).catch(error => postMessage(String(error))).finally(close)
