/* A PKCS#11 module that is another one with its environment set: so that several with configurations of their own, or faults of
 * their own, can be installed beside each other.
 *
 * cc -shared -fPIC -DMODULE='"/usr/lib/softhsm/libsofthsm2.so"' -DNAME='"SOFTHSM2_CONF"' -DVALUE='"/tmp/a.conf"' -o libbehind.so behind.c -ldl
 */
#include <dlfcn.h>
#include <stdlib.h>

unsigned long C_GetFunctionList(void **list)
{
    setenv(NAME, VALUE, 1);
    void *module = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
    unsigned long (*real)(void **) = module ? (unsigned long (*)(void **))dlsym(module, "C_GetFunctionList") : 0;
    /* CKR_GENERAL_ERROR */
    return real ? real(list) : 5;
}
