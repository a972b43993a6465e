/* The static form: a Python interpreter that has p7 inside.

   p7/build/static.py links this with libpython3.x.a and a generated file, which defines p7_modules (every module as
   bytecode) and the table of built-in modules, as CPython's own Tools/freeze does. Nothing is looked for or read at a
   start: no /proc, no library folder, no environment variable. */

#include <Python.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

extern const struct _frozen p7_modules[];

/* A number and up to six arguments, each an int, bytes or None, as C has them; false with an exception set. */
static int
convert(PyObject *const *args, Py_ssize_t count, long value[7])
{
    if (count < 1 || count > 7) {
        PyErr_SetString(PyExc_TypeError, "it takes a number and up to six arguments");
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyBytes_Check(args[i]))
            value[i] = (long)PyBytes_AS_STRING(args[i]);
        else if (args[i] != Py_None)
            value[i] = (long)PyLong_AsUnsignedLongMask(args[i]);
        if (PyErr_Occurred())
            return 0;
    }
    return 1;
}

/* _p7.syscall(number, int | bytes | None ...) -> (result, errno): p7/linux.py's door, where ctypes is none. */
static PyObject *
p7_syscall(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    long value[7] = {0};
    if (!convert(args, count, value))
        return NULL;
    errno = 0;
    long result = syscall(value[0], value[1], value[2], value[3], value[4], value[5], value[6]);
    return Py_BuildValue("li", result, errno);
}

/* _p7.find(library, function) -> address: p7/native.py's. Raises OSError. */
static PyObject *
p7_find(PyObject *module, PyObject *args)
{
    const char *library, *function;
    if (!PyArg_ParseTuple(args, "ss", &library, &function))
        return NULL;
    void *handle = dlopen(library, RTLD_NOW);
    void *address = handle ? dlsym(handle, function) : NULL;
    return address ? PyLong_FromVoidPtr(address) : PyErr_Format(PyExc_OSError, "%s", dlerror());
}

/* Call what begins at an address; false with an exception set. */
static int
invoke(PyObject *const *args, Py_ssize_t count, long *result)
{
    long value[7] = {0};
    if (!convert(args, count, value))
        return 0;
    long (*function)(long, long, long, long, long, long) = (void *)value[0];
    *result = function(value[1], value[2], value[3], value[4], value[5], value[6]);
    return 1;
}

/* _p7.call(address, int | bytes | None ...) -> the result as a long. */
static PyObject *
p7_call(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    long result;
    return invoke(args, count, &result) ? PyLong_FromLong(result) : NULL;
}

/* _p7.call_text(address, int | bytes | None ...) -> the bytes of the string that is the result, None for NULL. */
static PyObject *
p7_call_text(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    long result;
    return invoke(args, count, &result) ? Py_BuildValue("y", (const char *)result) : NULL;
}

static PyMethodDef functions[] = {
    {"syscall", (PyCFunction)(void (*)(void))p7_syscall, METH_FASTCALL, "syscall(2)"},
    {"find", p7_find, METH_VARARGS, "dlopen(3) and dlsym(3)"},
    {"call", (PyCFunction)(void (*)(void))p7_call, METH_FASTCALL, "a function by its address"},
    {"call_text", (PyCFunction)(void (*)(void))p7_call_text, METH_FASTCALL, "likewise, of a string"},
    {NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_p7", NULL, 0, functions};

PyMODINIT_FUNC
PyInit__p7(void)
{
    return PyModule_Create(&definition);
}

static void
check(PyStatus status)
{
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
}

int
main(int argc, char **argv)
{
    PyPreConfig before;
    PyConfig config;
    char own_path[PATH_MAX] = "";

    PyImport_FrozenModules = p7_modules;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1; /* what Python chooses by itself where no locale is set, as at boot */
    check(Py_PreInitialize(&before));

    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.parse_argv = 0;             /* argv is p7's, options and all */
    config.install_signal_handlers = 1; /* as in the zipapp: SIGPIPE is ignored, SIGINT an exception */
    config.module_search_paths_set = 1; /* to nothing */
    check(PyConfig_SetBytesArgv(&config, argc, argv));
    if (realpath((const char *)getauxval(AT_EXECFN), own_path) == NULL)
        own_path[0] = '\0'; /* p7 --install then says so */
    check(PyConfig_SetBytesString(&config, &config.executable, own_path));
    check(PyConfig_SetString(&config, &config.prefix, L""));
    check(PyConfig_SetString(&config, &config.exec_prefix, L""));
    check(PyConfig_SetString(&config, &config.run_command, L"import sys; from p7.dispatch import start; start(sys.argv)"));
    check(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);
    return Py_RunMain();
}
