/* Knows nothing of Chopmark. Tries one call that Chopmark makes on Windows, in a process of its own, and prints what came of it.
 *   lacks NAME
 *
 * x86_64-w64-mingw32-gcc -municode -o lacks.exe lacks.c -lcrypt32 -ladvapi32 -lncrypt
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>
#include <ncrypt.h>

static const wchar_t *HOLDER = L"Microsoft Enhanced RSA and AES Cryptographic Provider";
static const wchar_t *OTHER = L"Microsoft Strong Cryptographic Provider";
static const wchar_t *CONTAINER = L"lacks";

static int said(const char *what)
{
    printf("%s\n", what);
    return 0;
}

static int code(unsigned long code)
{
    printf(code ? "fails: 0x%08lx\n" : "works\n", code);
    return 0;
}

static NCRYPT_PROV_HANDLE ksp(void)
{
    NCRYPT_PROV_HANDLE provider = 0;
    NCryptOpenStorageProvider(&provider, MS_KEY_STORAGE_PROVIDER, 0);
    return provider;
}

static NCRYPT_KEY_HANDLE ksp_key(void)
{
    NCRYPT_KEY_HANDLE key = 0;
    DWORD bits = 1024;
    NCryptCreatePersistedKey(ksp(), &key, BCRYPT_RSA_ALGORITHM, CONTAINER, 0, 0);
    NCryptSetProperty(key, NCRYPT_LENGTH_PROPERTY, (BYTE *)&bits, sizeof bits, 0);
    NCryptFinalizeKey(key, 0);
    return key;
}

static HCRYPTPROV csp_key(DWORD spec)
{
    HCRYPTPROV provider;
    HCRYPTKEY key;
    CryptAcquireContextW(&provider, CONTAINER, HOLDER, PROV_RSA_AES, CRYPT_DELETEKEYSET);
    if (!CryptAcquireContextW(&provider, CONTAINER, HOLDER, PROV_RSA_AES, CRYPT_NEWKEYSET)) return 0;
    CryptGenKey(provider, spec, (1024 << 16) | CRYPT_EXPORTABLE, &key);
    CryptDestroyKey(key);
    return provider;
}

/* With a key in a CSP, bound to it. */
static const CERT_CONTEXT *certificate(void)
{
    HCRYPTPROV provider = csp_key(AT_SIGNATURE);
    BYTE encoded[100];
    CERT_NAME_BLOB name = {sizeof encoded, encoded};
    CertStrToNameW(X509_ASN_ENCODING, L"CN=lacks", CERT_X500_NAME_STR, NULL, encoded, &name.cbData, NULL);
    CRYPT_KEY_PROV_INFO info = {(wchar_t *)CONTAINER, (wchar_t *)HOLDER, PROV_RSA_AES, 0, 0, NULL, AT_SIGNATURE};
    CRYPT_ALGORITHM_IDENTIFIER algorithm = {szOID_RSA_SHA1RSA, {0, NULL}};
    return CertCreateSelfSignCertificate(provider, &name, 0, &info, &algorithm, NULL, NULL, NULL);
}

static HCERTSTORE store(const wchar_t *name)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, name);
}

static const CERT_CONTEXT *found(HCERTSTORE in)
{
    return CertFindCertificateInStore(in, X509_ASN_ENCODING, 0, CERT_FIND_SUBJECT_STR_W, L"lacks", NULL);
}

/* A property of a certificate that is in a store already: is it there when the store is opened anew? */
static int property_kept(void)
{
    HCERTSTORE in = store(L"MY");
    const CERT_CONTEXT *made = certificate(), *kept;
    if (!CertAddEncodedCertificateToStore(in, X509_ASN_ENCODING, made->pbCertEncoded, made->cbCertEncoded,
                                          CERT_STORE_ADD_REPLACE_EXISTING, NULL))
        return code(GetLastError());
    CertCloseStore(in, 0);
    in = store(L"MY");
    kept = found(in);
    CRYPT_DATA_BLOB name = {10, (BYTE *)L"name"};
    if (!CertSetCertificateContextProperty(kept, CERT_FRIENDLY_NAME_PROP_ID, 0, &name)) return code(GetLastError());
    CertFreeCertificateContext(kept);
    CertCloseStore(in, 0);
    kept = found(store(L"MY"));
    DWORD size = 0;
    return said(CertGetCertificateContextProperty(kept, CERT_FRIENDLY_NAME_PROP_ID, NULL, &size) ? "works" : "not saved");
}

/* Does the software CSP that did not make a key open its container? */
static int containers_shared(void)
{
    CryptReleaseContext(csp_key(AT_SIGNATURE), 0);
    HCRYPTPROV other;
    BOOL opened = CryptAcquireContextW(&other, CONTAINER, OTHER, PROV_RSA_FULL, 0);
    return said(opened ? "one set for all of them" : "works");
}

static int root_unasked(void)
{
    const CERT_CONTEXT *made = certificate();
    BOOL added = CertAddEncodedCertificateToStore(store(L"ROOT"), X509_ASN_ENCODING, made->pbCertEncoded,
                                                  made->cbCertEncoded, CERT_STORE_ADD_REPLACE_EXISTING, NULL);
    return said(added ? "added without a question" : "works");
}

static int handle_of_cng(void)
{
    HCRYPTPROV_OR_NCRYPT_KEY_HANDLE handle;
    DWORD spec;
    BOOL ours;
    if (!CryptAcquireCertificatePrivateKey(certificate(), CRYPT_ACQUIRE_PREFER_NCRYPT_KEY_FLAG, NULL, &handle, &spec, &ours))
        return code(GetLastError());
    return said(spec == CERT_NCRYPT_KEY_SPEC ? "works" : "a handle of CryptoAPI");
}

static int own_randomness(void)
{
    char path[MAX_PATH] = "", start[96] = "";
    GetModuleFileNameA(LoadLibraryA("bcryptprimitives.dll"), path, sizeof path);
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(start, 1, sizeof start - 1, file) : 0;
    return said(length > 70 && strstr(start + 64, "Wine ") ? "works" : "missing");
}

int wmain(int count, wchar_t **words)
{
    if (count != 2) return 2;
    const wchar_t *what = words[1];
    NCRYPT_PROV_HANDLE provider = 0;
    NCRYPT_KEY_HANDLE key = 0;
    DWORD number = 0;
    void *state = NULL;
    setvbuf(stdout, NULL, _IONBF, 0);
#define IS(name) (!wcscmp(what, L##name))
    if (IS("random")) return own_randomness();
    if (IS("ksps")) return code(NCryptEnumStorageProviders(&number, (NCryptProviderName **)&state, 0));
    if (IS("no-ksp"))
        return said(NCryptOpenStorageProvider(&provider, L"No such one", 0) ? "works" : "opens any name");
    if (IS("algorithms"))
        return code(NCryptEnumAlgorithms(ksp(), NCRYPT_SIGNATURE_OPERATION, &number, (NCryptAlgorithmName **)&state, 0));
    if (IS("keys")) {
        NCryptKeyName *name;
        unsigned long end = NCryptEnumKeys(ksp(), NULL, &name, &state, 0);
        return code(end == (unsigned long)NTE_NO_MORE_ITEMS ? 0 : end);
    }
    if (IS("open-key")) {
        ksp_key();
        return code(NCryptOpenKey(ksp(), &key, CONTAINER, 0, 0));
    }
    if (IS("delete-key")) return code(NCryptDeleteKey(ksp_key(), 0));
    if (IS("curve")) return code(NCryptCreatePersistedKey(ksp(), &key, BCRYPT_ECDSA_P256_ALGORITHM, CONTAINER, 0, 0));
    if (IS("import-key")) {
        /* What it is does not matter: a provider that takes PKCS#8 says that this is none. */
        unsigned long end = NCryptImportKey(ksp(), 0, NCRYPT_PKCS8_PRIVATE_KEY_BLOB, NULL, &key, (BYTE *)"\x30\x00", 2, 0);
        return code(end == (unsigned long)NTE_BAD_DATA ? 0 : end);
    }
    if (IS("export-spki"))
        return code(CryptExportPublicKeyInfo(ksp_key(), 0, X509_ASN_ENCODING, NULL, &number) ? 0 : GetLastError());
    if (IS("property")) return property_kept();
    if (IS("containers")) return containers_shared();
    if (IS("root")) return root_unasked();
    if (IS("prefer-cng")) return handle_of_cng();
    if (IS("card-csp")) {
        HCRYPTPROV card;
        return code(CryptAcquireContextW(&card, NULL, MS_SCARD_PROV_W, PROV_RSA_FULL, CRYPT_VERIFYCONTEXT) ? 0 : GetLastError());
    }
    return 2;
}
