/* A PKCS#11 2.40 module that misbehaves on demand: it stands for the drivers that crash, hang or end the process they are
 * loaded into. One slot, one initialised token "FAULTY", any PIN accepted, no objects.
 *
 * How it misbehaves is one word, in the file named by FAULTY_MODE_FILE (read anew at each call) or in FAULTY_MODE.
 * In C_GenerateKeyPair:
 *   segv            writes to address 0
 *   abort           abort()
 *   exit0           exit(0): looks like a clean end
 *   hang            never returns
 *   print           writes 64 KiB to standard output and as much to standard error, then CKR_DEVICE_ERROR
 *   closefds        closes 3..63 (other people's files; on Windows handles below 0x400), then CKR_DEVICE_ERROR
 *   device-removed  CKR_DEVICE_REMOVED
 *   device-memory   CKR_DEVICE_MEMORY
 *   anything else   CKR_DEVICE_ERROR
 * In C_Initialize:
 *   hang-init       never returns
 *   exit-init       exit(7)
 *   segv-init       writes to address 0
 *   closefds-init   closes 3..63
 *   fail-init       CKR_GENERAL_ERROR
 * In C_Login:
 *   pin-locked      CKR_PIN_INCORRECT, as OpenSC says of a locked card; only the token's flags tell
 *   pin-pad         a fake key with a PIN pad of its own (CKF_PROTECTED_AUTHENTICATION_PATH): here, in C_InitToken, C_InitPIN and
 *                   C_SetPIN whoever sends a PIN gets CKR_ARGUMENTS_BAD, as from a device that has asked for it itself; NULL takes
 *                   a moment, as a person does, and is fine
 *   pin-pad-stop    the same, and the person at the pad presses "stop": CKR_FUNCTION_CANCELED
 * In C_InitToken:
 *   busy            CKR_SESSION_EXISTS: another program has the token open
 *
 * In C_GetTokenInfo:
 *   hang-info       never returns
 *   bad-clock       a time of day that is none
 *   no-pin-length   a longest PIN of 0
 *   full, nearly-full, and those of FLAG_MODES: what a check-up finds
 *
 * cc -shared -fPIC -o libfaulty.so faulty.c
 * x86_64-w64-mingw32-gcc -shared -o faulty.dll faulty.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _WIN32
#include <windows.h>
static void hang(void) { Sleep(INFINITE); }
static void close_all(void) { for (UINT_PTR one = 4; one < 0x400; one += 4) CloseHandle((HANDLE)one); }
/* PKCS#11 says so for Windows. */
#pragma pack(push, 1)
#else
static void hang(void) { for (;;) pause(); }
static void close_all(void) { for (int fd = 3; fd < 64; fd++) close(fd); }
#endif

typedef unsigned long CK_ULONG;
typedef unsigned char CK_BYTE;
typedef CK_ULONG CK_RV;
typedef struct { CK_BYTE major, minor; } CK_VERSION;

typedef struct {
    CK_VERSION cryptokiVersion;
    CK_BYTE manufacturerID[32];
    CK_ULONG flags;
    CK_BYTE libraryDescription[32];
    CK_VERSION libraryVersion;
} CK_INFO;

typedef struct {
    CK_BYTE slotDescription[64];
    CK_BYTE manufacturerID[32];
    CK_ULONG flags;
    CK_VERSION hardwareVersion, firmwareVersion;
} CK_SLOT_INFO;

typedef struct {
    CK_BYTE label[32];
    CK_BYTE manufacturerID[32];
    CK_BYTE model[16];
    CK_BYTE serialNumber[16];
    CK_ULONG flags;
    CK_ULONG maxSessionCount, sessionCount, maxRwSessionCount, rwSessionCount, maxPinLen, minPinLen;
    CK_ULONG totalPublicMemory, freePublicMemory, totalPrivateMemory, freePrivateMemory;
    CK_VERSION hardwareVersion, firmwareVersion;
    CK_BYTE utcTime[16];
} CK_TOKEN_INFO;

typedef struct { CK_ULONG minKeySize, maxKeySize, flags; } CK_MECHANISM_INFO;
typedef struct { CK_ULONG slotID, state, flags, deviceError; } CK_SESSION_INFO;

enum {
    CKR_OK = 0,
    CKR_SLOT_ID_INVALID = 3,
    CKR_GENERAL_ERROR = 5,
    CKR_DEVICE_ERROR = 0x30,
    CKR_DEVICE_MEMORY = 0x31,
    CKR_DEVICE_REMOVED = 0x32,
    CKR_ARGUMENTS_BAD = 0x7,
    CKR_FUNCTION_CANCELED = 0x50,
    CKR_FUNCTION_NOT_SUPPORTED = 0x54,
    CKR_PIN_INCORRECT = 0xA0,
    CKR_SESSION_EXISTS = 0xB6,
    CKR_BUFFER_TOO_SMALL = 0x150,
};

/* TOKEN_PRESENT | REMOVABLE_DEVICE | HW_SLOT */
static const CK_ULONG SLOT_FLAGS = 0x7;
/* RNG | LOGIN_REQUIRED | USER_PIN_INITIALIZED | TOKEN_INITIALIZED */
static const CK_ULONG TOKEN_FLAGS = 0x40D;
static const CK_ULONG USER_PIN_LOCKED = 0x40000, CLOCK_ON_TOKEN = 0x40, PROTECTED_AUTHENTICATION_PATH = 0x100;
/* A flag of the token's for each word. */
static const struct { const char *mode; CK_ULONG flag; } FLAG_MODES[] = {
    {"write-protected", 0x2},        {"pin-count-low", 0x10000},
    {"pin-final-try", 0x20000},      {"pin-must-change", 0x80000}, {"so-pin-count-low", 0x100000},
    {"so-pin-final-try", 0x200000},  {"so-pin-locked", 0x400000},
};
/* CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA */
static const CK_ULONG MECHANISMS[] = {0x0, 0x1, 0x1040, 0x1041};
static const CK_ULONG MECHANISM_COUNT = sizeof MECHANISMS / sizeof *MECHANISMS;

static int mode_is(const char *wanted)
{
    char mode[64] = "";
    const char *path = getenv("FAULTY_MODE_FILE"), *word = getenv("FAULTY_MODE");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        if (!fgets(mode, sizeof mode, file)) mode[0] = 0;
        fclose(file);
    } else if (word) {
        strncpy(mode, word, sizeof mode - 1);
    }
    mode[strcspn(mode, "\r\n ")] = 0;
    return strcmp(mode, wanted) == 0;
}

static int has_pin_pad(void) { return mode_is("pin-pad") || mode_is("pin-pad-stop"); }

/* What a person does at the pad. */
static CK_RV typed_on_the_device(const CK_BYTE *sent)
{
    if (sent) return CKR_ARGUMENTS_BAD;
    usleep(300000);
    return mode_is("pin-pad-stop") ? CKR_FUNCTION_CANCELED : CKR_OK;
}

static CK_BYTE token_label[32] = "FAULTY                          ";

static void padded(CK_BYTE *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strlen(text) < size ? strlen(text) : size);
}

static void print_garbage(int fd)
{
    char garbage[1024];
    memset(garbage, 0xFF, sizeof garbage);
    for (int i = 0; i < 64; i++)
        if (write(fd, garbage, sizeof garbage) < 0) return;
}

static CK_RV initialize(void *arguments)
{
    (void)arguments;
    if (mode_is("hang-init")) hang();
    if (mode_is("exit-init")) exit(7);
    if (mode_is("segv-init")) *(volatile int *)0 = 1;
    if (mode_is("closefds-init")) close_all();
    if (mode_is("fail-init")) return CKR_GENERAL_ERROR;
    return CKR_OK;
}

static CK_RV finalize(void *reserved) { (void)reserved; return CKR_OK; }

static CK_RV get_info(CK_INFO *info)
{
    memset(info, 0, sizeof *info);
    info->cryptokiVersion = (CK_VERSION){2, 40};
    info->libraryVersion = (CK_VERSION){1, 0};
    padded(info->manufacturerID, 32, "Chopmark tests");
    padded(info->libraryDescription, 32, "Faulty module");
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BYTE present, CK_ULONG *slots, CK_ULONG *count)
{
    (void)present;
    if (slots && *count < 1) return CKR_BUFFER_TOO_SMALL;
    if (slots) slots[0] = 1;
    *count = 1;
    return CKR_OK;
}

static CK_RV get_slot_info(CK_ULONG slot, CK_SLOT_INFO *info)
{
    if (slot != 1) return CKR_SLOT_ID_INVALID;
    memset(info, 0, sizeof *info);
    padded(info->slotDescription, 64, "Faulty slot");
    padded(info->manufacturerID, 32, "Chopmark tests");
    info->flags = SLOT_FLAGS;
    return CKR_OK;
}

static CK_RV get_token_info(CK_ULONG slot, CK_TOKEN_INFO *info)
{
    if (slot != 1) return CKR_SLOT_ID_INVALID;
    if (mode_is("hang-info")) hang();
    memset(info, 0, sizeof *info);
    memcpy(info->label, token_label, 32);
    padded(info->manufacturerID, 32, "Chopmark tests");
    padded(info->model, 16, "faulty");
    padded(info->serialNumber, 16, "0666");
    padded(info->utcTime, 16, "");
    info->flags = TOKEN_FLAGS | (mode_is("pin-locked") ? USER_PIN_LOCKED : 0) | (mode_is("bad-clock") ? CLOCK_ON_TOKEN : 0)
        | (has_pin_pad() ? PROTECTED_AUTHENTICATION_PATH : 0);
    for (size_t i = 0; i < sizeof FLAG_MODES / sizeof *FLAG_MODES; i++)
        if (mode_is(FLAG_MODES[i].mode)) info->flags |= FLAG_MODES[i].flag;
    if (mode_is("full") || mode_is("nearly-full")) {
        info->totalPrivateMemory = info->totalPublicMemory = 65536;
        info->freePrivateMemory = info->freePublicMemory = mode_is("full") ? 0 : 4000;
    }
    info->minPinLen = 4;
    info->maxPinLen = mode_is("no-pin-length") ? 0 : 16;
    return CKR_OK;
}

static CK_RV get_mechanism_list(CK_ULONG slot, CK_ULONG *list, CK_ULONG *count)
{
    if (slot != 1) return CKR_SLOT_ID_INVALID;
    if (list && *count < MECHANISM_COUNT) return CKR_BUFFER_TOO_SMALL;
    if (list) memcpy(list, MECHANISMS, sizeof MECHANISMS);
    *count = MECHANISM_COUNT;
    return CKR_OK;
}

static CK_RV get_mechanism_info(CK_ULONG slot, CK_ULONG mechanism, CK_MECHANISM_INFO *info)
{
    (void)slot;
    info->minKeySize = mechanism < 2 ? 1024 : 256;
    info->maxKeySize = mechanism < 2 ? 4096 : 384;
    info->flags = 0;
    return CKR_OK;
}

static CK_RV open_session(CK_ULONG slot, CK_ULONG flags, void *application, void *notify, CK_ULONG *session)
{
    (void)flags, (void)application, (void)notify;
    if (slot != 1) return CKR_SLOT_ID_INVALID;
    *session = 1;
    return CKR_OK;
}

static CK_RV close_session(CK_ULONG session) { (void)session; return CKR_OK; }

static CK_RV get_session_info(CK_ULONG session, CK_SESSION_INFO *info)
{
    (void)session;
    *info = (CK_SESSION_INFO){1, 3, 6, 0};
    return CKR_OK;
}

static CK_RV login(CK_ULONG session, CK_ULONG user, CK_BYTE *pin, CK_ULONG length)
{
    (void)session, (void)user, (void)length;
    if (has_pin_pad()) return typed_on_the_device(pin);
    return mode_is("pin-locked") ? CKR_PIN_INCORRECT : CKR_OK;
}

static CK_RV init_token(CK_ULONG slot, CK_BYTE *pin, CK_ULONG length, CK_BYTE *label)
{
    (void)length;
    if (slot != 1) return CKR_SLOT_ID_INVALID;
    if (mode_is("busy")) return CKR_SESSION_EXISTS;
    if (!has_pin_pad()) return CKR_FUNCTION_NOT_SUPPORTED;
    CK_RV rv = typed_on_the_device(pin);
    if (rv == CKR_OK) memcpy(token_label, label, 32);
    return rv;
}

static CK_RV init_pin(CK_ULONG session, CK_BYTE *pin, CK_ULONG length)
{
    (void)session, (void)length;
    return has_pin_pad() ? typed_on_the_device(pin) : CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV set_pin(CK_ULONG session, CK_BYTE *old, CK_ULONG old_length, CK_BYTE *new, CK_ULONG new_length)
{
    (void)session, (void)old_length, (void)new_length;
    return has_pin_pad() ? typed_on_the_device(old ? old : new) : CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV logout(CK_ULONG session) { (void)session; return CKR_OK; }

static CK_RV find_objects_init(CK_ULONG session, void *template, CK_ULONG count)
{
    (void)session, (void)template, (void)count;
    return CKR_OK;
}

static CK_RV find_objects(CK_ULONG session, CK_ULONG *objects, CK_ULONG size, CK_ULONG *count)
{
    (void)session, (void)objects, (void)size;
    *count = 0;
    return CKR_OK;
}

static CK_RV find_objects_final(CK_ULONG session) { (void)session; return CKR_OK; }

static CK_RV generate_key_pair(void)
{
    if (mode_is("segv")) *(volatile int *)0 = 1;
    if (mode_is("abort")) abort();
    if (mode_is("exit0")) exit(0);
    if (mode_is("hang")) hang();
    if (mode_is("print")) {
        print_garbage(1);
        print_garbage(2);
    }
    if (mode_is("closefds")) close_all();
    if (mode_is("device-removed")) return CKR_DEVICE_REMOVED;
    if (mode_is("device-memory")) return CKR_DEVICE_MEMORY;
    return CKR_DEVICE_ERROR;
}

static CK_RV not_supported(void) { return CKR_FUNCTION_NOT_SUPPORTED; }

CK_RV C_GetFunctionList(void **list);

typedef struct {
    CK_VERSION version;
    void *functions[68];
} CK_FUNCTION_LIST;

/* In the order of pkcs11f.h 2.40; `no` is a function of the standard that this module does not have. */
#define no ((void *)not_supported)
static CK_FUNCTION_LIST function_list = {
    {2, 40},
    {
        initialize, finalize, get_info, C_GetFunctionList, get_slot_list, get_slot_info, get_token_info, get_mechanism_list,
        get_mechanism_info,
        init_token, init_pin, set_pin,
        open_session, close_session, close_session /* CloseAllSessions */, get_session_info,
        /* GetOperationState, SetOperationState */
        no, no,
        login, logout,
        /* CreateObject, CopyObject, DestroyObject, GetObjectSize, GetAttributeValue, SetAttributeValue */
        no, no, no, no, no, no,
        find_objects_init, find_objects, find_objects_final,
        /* Encrypt: Init, one part, Update, Final; Decrypt: the same */
        no, no, no, no, no, no, no, no,
        /* Digest: Init, one part, Update, Key, Final */
        no, no, no, no, no,
        /* Sign: Init, one part, Update, Final, RecoverInit, Recover; Verify: the same */
        no, no, no, no, no, no, no, no, no, no, no, no,
        /* DigestEncryptUpdate, DecryptDigestUpdate, SignEncryptUpdate, DecryptVerifyUpdate, GenerateKey */
        no, no, no, no, no,
        generate_key_pair,
        /* WrapKey, UnwrapKey, DeriveKey, SeedRandom, GenerateRandom, GetFunctionStatus, CancelFunction, WaitForSlotEvent */
        no, no, no, no, no, no, no, no,
    },
};

CK_RV C_GetFunctionList(void **list)
{
    *list = &function_list;
    return CKR_OK;
}
