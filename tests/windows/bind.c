/* Knows nothing of Chopmark, and works with CurrentUser\MY of the Wine prefix as any program does.
 *   bind use NAME           finds the certificate of that common name, signs with the key that it names, verifies with its public key
 *   bind keys               prints the names of all key containers
 *   bind good|wrong|unbound NAME
 * The last puts a certificate with an RSA key in a CSP there, bound to its key in one of three ways.
 * good: to the provider and container that have the key; wrong: to another CSP, which has no such key; unbound: to none. NAME is that of the
 * container and the certificate's common name.
 *
 * x86_64-w64-mingw32-gcc -o bind.exe bind.c -lcrypt32 -ladvapi32
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>

static const wchar_t *HOLDER = L"Microsoft Enhanced RSA and AES Cryptographic Provider";
static const wchar_t *OTHER = L"Microsoft Strong Cryptographic Provider";

static int fail(const char *call)
{
    printf("%s: 0x%08lx\n", call, GetLastError());
    return 1;
}

static int use(const wchar_t *name)
{
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"MY");
    if (!store) return fail("CertOpenStore");
    const CERT_CONTEXT *found =
        CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_SUBJECT_STR_W, name, NULL);
    if (!found) return fail("CertFindCertificateInStore");

    HCRYPTPROV holder, verifier;
    DWORD spec, length = 1024;
    BOOL ours;
    HCRYPTHASH hash;
    HCRYPTKEY key;
    BYTE signature[1024];
    const BYTE *text = (const BYTE *)"a challenge";
    if (!CryptAcquireCertificatePrivateKey(found, 0, NULL, &holder, &spec, &ours))
        return fail("CryptAcquireCertificatePrivateKey");
    if (!CryptCreateHash(holder, CALG_SHA_256, 0, 0, &hash) || !CryptHashData(hash, text, 11, 0))
        return fail("CryptCreateHash");
    if (!CryptSignHashW(hash, spec, NULL, 0, signature, &length)) return fail("CryptSignHash");

    if (!CryptAcquireContextW(&verifier, NULL, HOLDER, PROV_RSA_AES, CRYPT_VERIFYCONTEXT))
        return fail("CRYPT_VERIFYCONTEXT");
    if (!CryptImportPublicKeyInfo(verifier, X509_ASN_ENCODING, &found->pCertInfo->SubjectPublicKeyInfo, &key))
        return fail("CryptImportPublicKeyInfo");
    if (!CryptCreateHash(verifier, CALG_SHA_256, 0, 0, &hash) || !CryptHashData(hash, text, 11, 0))
        return fail("CryptCreateHash");
    if (!CryptVerifySignatureW(hash, signature, length, key, NULL, 0)) return fail("CryptVerifySignature");
    printf("signed and verified\n");
    return 0;
}

static int keys(void)
{
    HCRYPTPROV provider;
    if (!CryptAcquireContextW(&provider, NULL, HOLDER, PROV_RSA_AES, CRYPT_VERIFYCONTEXT))
        return fail("CRYPT_VERIFYCONTEXT");
    BYTE name[1024];
    for (DWORD length = sizeof name, which = CRYPT_FIRST; CryptGetProvParam(provider, PP_ENUMCONTAINERS, name, &length, which);
         length = sizeof name, which = CRYPT_NEXT)
        printf("%s\n", name);
    return 0;
}

int wmain(int count, wchar_t **words)
{
    if (count == 2 && !wcscmp(words[1], L"keys")) return keys();
    if (count == 3 && !wcscmp(words[1], L"use")) return use(words[2]);
    if (count != 3) return 2;
    const wchar_t *how = words[1], *name = words[2];

    HCRYPTPROV provider;
    HCRYPTKEY key;
    if (!CryptAcquireContextW(&provider, name, HOLDER, PROV_RSA_AES, CRYPT_NEWKEYSET)) return fail("CRYPT_NEWKEYSET");
    if (!CryptGenKey(provider, AT_SIGNATURE, 2048 << 16, &key)) return fail("CryptGenKey");

    wchar_t subject[200];
    BYTE encoded[500];
    CERT_NAME_BLOB blob = {sizeof encoded, encoded};
    wcscpy(subject, L"CN=");
    wcsncat(subject, name, 150);
    if (!CertStrToNameW(X509_ASN_ENCODING, subject, CERT_X500_NAME_STR, NULL, encoded, &blob.cbData, NULL))
        return fail("CertStrToName");
    CRYPT_KEY_PROV_INFO info = {(wchar_t *)name, (wchar_t *)HOLDER, PROV_RSA_AES, 0, 0, NULL, AT_SIGNATURE};
    CRYPT_ALGORITHM_IDENTIFIER algorithm = {szOID_RSA_SHA1RSA, {0, NULL}};
    const CERT_CONTEXT *made = CertCreateSelfSignCertificate(provider, &blob, 0, &info, &algorithm, NULL, NULL, NULL);
    if (!made) return fail("CertCreateSelfSignCertificate");

    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"MY");
    const CERT_CONTEXT *kept;
    if (!store) return fail("CertOpenStore");
    /* Encoded, so that no property comes along. */
    if (!CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, made->pbCertEncoded, made->cbCertEncoded,
                                          CERT_STORE_ADD_NEW, &kept))
        return fail("CertAddEncodedCertificateToStore");
    if (!wcscmp(how, L"wrong")) {
        info.pwszProvName = (wchar_t *)OTHER;
        info.dwProvType = PROV_RSA_FULL;
        /* For Wine the software CSPs are one: they share their containers. */
        info.pwszContainerName = L"none of this name";
    }
    if (wcscmp(how, L"unbound") && !CertSetCertificateContextProperty(kept, CERT_KEY_PROV_INFO_PROP_ID, 0, &info))
        return fail("CERT_KEY_PROV_INFO_PROP_ID");
    /* In this order, or Wine does not save it. */
    CertFreeCertificateContext(kept);
    CertCloseStore(store, 0);
    /* Wine writes the key when its provider is given back. */
    CryptDestroyKey(key);
    CryptReleaseContext(provider, 0);
    return 0;
}
