/* The same as messages.rs with OpenSSL's libcrypto: an ir encoded and protected, an ip decoded and verified.
 * Usage: libcrypto FOLDER, where messages.rs has left ip.der. Prints both medians in microseconds. */
#include <openssl/cmp.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 2000 };

static double finished;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

/* Where the client would send: the message is complete here, and encoding it is the last thing to do. */
static OSSL_CMP_MSG *transfer(OSSL_CMP_CTX *ctx, const OSSL_CMP_MSG *request) {
    unsigned char *der = NULL;
    (void)ctx;
    if (i2d_OSSL_CMP_MSG((OSSL_CMP_MSG *)request, &der) <= 0) abort();
    finished = now();
    OPENSSL_free(der);
    return NULL;
}

static int by_value(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *times) {
    qsort(times, RUNS, sizeof *times, by_value);
    return times[RUNS / 2];
}

static X509_NAME *name(const char *common) {
    X509_NAME *name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "C", MBSTRING_UTF8, (const unsigned char *)"CN", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Example Ltd", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const unsigned char *)"Bench", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0);
    return name;
}

static OSSL_CMP_CTX *context(void) {
    OSSL_CMP_CTX *ctx = OSSL_CMP_CTX_new(NULL, NULL);
    static const unsigned char reference[] = "7890", code[] = "AuthCode-4711";
    if (ctx == NULL || !OSSL_CMP_CTX_set1_referenceValue(ctx, reference, 4)
        || !OSSL_CMP_CTX_set1_secretValue(ctx, code, 13)
        || !OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_OWF_ALGNID, NID_sha256)
        || !OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_MAC_ALGNID, NID_hmacWithSHA256)
        || !OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_POPO_METHOD, OSSL_CRMF_POPO_RAVERIFIED)
        || !OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_LOG_VERBOSITY, OSSL_CMP_LOG_EMERG)
        || !OSSL_CMP_CTX_set_transfer_cb(ctx, transfer))
        abort();
    return ctx;
}

static double encode(void) {
    static double times[RUNS];
    OSSL_CMP_CTX *ctx = context();
    X509_NAME *subject = name("Bench Example"), *ca = name("Bench CA");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    OSSL_CMP_CTX_set1_subjectName(ctx, subject);
    OSSL_CMP_CTX_set1_recipient(ctx, ca);
    OSSL_CMP_CTX_set0_newPkey(ctx, 1, key);
    for (int run = 0; run < RUNS; run++) {
        OSSL_CMP_CTX_reinit(ctx);
        finished = 0;
        double began = now();
        OSSL_CMP_exec_certreq(ctx, OSSL_CMP_IR, NULL); /* "fails": nobody answers */
        if (finished == 0) {
            ERR_print_errors_fp(stderr);
            exit(1);
        }
        times[run] = finished - began;
        ERR_clear_error();
    }
    X509_NAME_free(subject);
    X509_NAME_free(ca);
    OSSL_CMP_CTX_free(ctx);
    return median(times);
}

static double verify(const char *folder) {
    static double times[RUNS];
    static unsigned char ip[1 << 16];
    char path[4096];
    snprintf(path, sizeof path, "%s/ip.der", folder);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    long size = (long)fread(ip, 1, sizeof ip, file);
    fclose(file);
    OSSL_CMP_CTX *ctx = context();
    for (int run = 0; run < RUNS; run++) {
        const unsigned char *at = ip;
        double began = now();
        OSSL_CMP_MSG *message = d2i_OSSL_CMP_MSG(NULL, &at, size);
        if (message == NULL || !OSSL_CMP_validate_msg(ctx, message)) {
            ERR_print_errors_fp(stderr);
            exit(1);
        }
        times[run] = now() - began;
        OSSL_CMP_MSG_free(message);
    }
    OSSL_CMP_CTX_free(ctx);
    return median(times);
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    printf("encode %.1f\nverify %.1f\n", encode(), verify(arguments[1]));
    return 0;
}
