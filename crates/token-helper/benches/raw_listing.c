/* Objects of a token by raw PKCS#11 calls in one process: what listing costs without us in between. Also fills the token.
 *
 *   raw_listing MODULE PIN fill CERTIFICATE.DER FROM TO   half certificates, half EC public keys with ids and labels of their own
 *   raw_listing MODULE PIN list                         prints "list MICROSECONDS OBJECTS", median of 9
 *
 * The calls that a listing cannot do without, nothing else: for each class C_FindObjectsInit, C_FindObjects by the hundred, and
 * for each object C_GetAttributeValue for sizes and once more for values.
 *
 * cc -O2 -Wall -o raw_listing raw_listing.c -ldl
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long CK_ULONG;
typedef struct { CK_ULONG type; void *value; CK_ULONG length; } CK_ATTRIBUTE;
typedef struct { unsigned char version[2]; void *functions[68]; } CK_FUNCTION_LIST;

enum { CKA_CLASS = 0, CKA_TOKEN = 1, CKA_PRIVATE = 2, CKA_LABEL = 3, CKA_VALUE = 0x11, CKA_CERTIFICATE_TYPE = 0x80, CKA_ISSUER = 0x81,
       CKA_SERIAL_NUMBER = 0x82, CKA_KEY_TYPE = 0x100, CKA_SUBJECT = 0x101, CKA_ID = 0x102, CKA_EC_PARAMS = 0x180, CKA_EC_POINT = 0x181 };
enum { DATA, CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY, SECRET_KEY, CLASSES };

/* Places in CK_FUNCTION_LIST. */
#define CALL(place, ...) check(#place, ((CK_ULONG (*)())list->functions[place])(__VA_ARGS__))
enum { Initialize = 0, Finalize = 1, GetSlotList = 4, OpenSession = 12, Login = 18, CreateObject = 20, GetAttributeValue = 24,
       FindObjectsInit = 26, FindObjects = 27, FindObjectsFinal = 28 };

static CK_FUNCTION_LIST *list;

static void check(const char *call, CK_ULONG rv)
{
    if (!rv) return;
    fprintf(stderr, "C_%s: 0x%lx\n", call, rv);
    exit(1);
}

static double microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static CK_ULONG read_object(CK_ULONG session, CK_ULONG object, CK_ULONG class)
{
    static unsigned char room[4][65536];
    CK_ATTRIBUTE wanted[4] = {{CKA_LABEL, NULL, 0}, {CKA_ID, NULL, 0}, {CKA_VALUE, NULL, 0}, {0, NULL, 0}};
    CK_ULONG count = class == CERTIFICATE ? 3 : class == DATA ? 1 : 2;
    if (class == PUBLIC_KEY || class == PRIVATE_KEY) {
        wanted[2].type = CKA_KEY_TYPE;
        wanted[3].type = CKA_EC_PARAMS;
        count = 4;
    }
    CALL(GetAttributeValue, session, object, wanted, count);
    for (CK_ULONG i = 0; i < count; i++) wanted[i].value = room[i];
    CALL(GetAttributeValue, session, object, wanted, count);
    return 1;
}

static CK_ULONG list_all(CK_ULONG session)
{
    CK_ULONG all = 0;
    for (CK_ULONG class = 0; class < CLASSES; class++) {
        static CK_ULONG found[100000];
        CK_ULONG count = 0, some;
        unsigned char yes = 1;
        CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, 1}, {CKA_CLASS, &class, sizeof class}};
        CALL(FindObjectsInit, session, template, 2UL);
        do {
            CALL(FindObjects, session, found + count, 100UL, &some);
            count += some;
        } while (some == 100);
        CALL(FindObjectsFinal, session);
        for (CK_ULONG i = 0; i < count; i++) all += read_object(session, found[i], class);
    }
    return all;
}

static void fill(CK_ULONG session, const char *path, CK_ULONG from, CK_ULONG to)
{
    static unsigned char der[65536];
    FILE *file = fopen(path, "rb");
    CK_ULONG length = file ? fread(der, 1, sizeof der, file) : 0;
    if (!length) exit((fprintf(stderr, "%s cannot be read\n", path), 1));
    fclose(file);
    unsigned char yes = 1, no = 0, id[20] = {0}, parameters[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, point[67] = {4, 65, 4};
    unsigned char name[] = {0x30, 0}, serial[6] = {2, 4};
    CK_ULONG certificate = CERTIFICATE, public_key = PUBLIC_KEY, x509 = 0, ec = 3;
    for (CK_ULONG i = from; i < to; i++) {
        char label[32];
        snprintf(label, sizeof label, "Object %lu", i);
        memcpy(id, &i, sizeof i);
        memcpy(serial + 2, &i, 4);
        memcpy(point + 10, &i, sizeof i);
        CK_ATTRIBUTE common[] = {{CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &no, 1}, {CKA_LABEL, label, strlen(label)}, {CKA_ID, id, sizeof id}};
        CK_ATTRIBUTE template[12];
        CK_ULONG size = sizeof common / sizeof *common, object;
        memcpy(template, common, sizeof common);
        if (i % 2) {
            template[size++] = (CK_ATTRIBUTE){CKA_CLASS, &certificate, sizeof certificate};
            template[size++] = (CK_ATTRIBUTE){CKA_CERTIFICATE_TYPE, &x509, sizeof x509};
            template[size++] = (CK_ATTRIBUTE){CKA_SUBJECT, name, sizeof name};
            template[size++] = (CK_ATTRIBUTE){CKA_ISSUER, name, sizeof name};
            template[size++] = (CK_ATTRIBUTE){CKA_SERIAL_NUMBER, serial, sizeof serial};
            template[size++] = (CK_ATTRIBUTE){CKA_VALUE, der, length};
        } else {
            template[size++] = (CK_ATTRIBUTE){CKA_CLASS, &public_key, sizeof public_key};
            template[size++] = (CK_ATTRIBUTE){CKA_KEY_TYPE, &ec, sizeof ec};
            template[size++] = (CK_ATTRIBUTE){CKA_EC_PARAMS, parameters, sizeof parameters};
            template[size++] = (CK_ATTRIBUTE){CKA_EC_POINT, point, sizeof point};
        }
        CALL(CreateObject, session, template, size, &object);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments)
{
    if (count < 4) return 2;
    void *module = dlopen(arguments[1], RTLD_NOW);
    CK_ULONG (*get)(void *) = module ? (CK_ULONG (*)(void *))dlsym(module, "C_GetFunctionList") : NULL;
    if (!get || get(&list)) return 2;
    CK_ULONG slots[16], slot_count = 16, session;
    CALL(Initialize, NULL);
    CALL(GetSlotList, 1, slots, &slot_count);
    CALL(OpenSession, slots[0], 6UL, NULL, NULL, &session);
    CALL(Login, session, 1UL, arguments[2], strlen(arguments[2]));
    if (!strcmp(arguments[3], "fill") && count == 7) {
        fill(session, arguments[4], strtoul(arguments[5], NULL, 10), strtoul(arguments[6], NULL, 10));
    } else {
        double times[9];
        CK_ULONG found = list_all(session);
        for (int run = 0; run < 9; run++) {
            double began = microseconds();
            found = list_all(session);
            times[run] = microseconds() - began;
        }
        qsort(times, 9, sizeof *times, ascending);
        printf("list %.1f %lu\n", times[4], found);
    }
    CALL(Finalize, NULL);
    return 0;
}
