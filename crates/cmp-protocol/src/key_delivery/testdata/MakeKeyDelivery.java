import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.interfaces.*;
import java.security.spec.*;
import java.util.*;
import javax.crypto.*;
import javax.crypto.spec.*;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.*;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.*;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.operator.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Makes the vectors of crates/cmp-protocol/src/key_delivery/testdata with Bouncy Castle: `EncryptedKey` of RFC 9810. */
public class MakeKeyDelivery {
    static final ASN1ObjectIdentifier PACKAGE = new ASN1ObjectIdentifier("2.16.840.1.101.2.1.2.78.5");
    static String dir;

    static X509Certificate cert(String name) throws Exception {
        try (InputStream in = new FileInputStream(dir + "/" + name + ".crt")) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    static byte[] pkcs8(String name) throws Exception {
        String pem = new String(Files.readAllBytes(Paths.get(dir, name + ".key")));
        return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    }

    static PrivateKey key(String name, String algorithm) throws Exception {
        return KeyFactory.getInstance(algorithm, "BC").generatePrivate(new PKCS8EncodedKeySpec(pkcs8(name)));
    }

    /** SignedData, bare: DER, or (ber) as Bouncy Castle writes it by itself, with indefinite lengths. */
    static byte[] signed(String ee, String kga, boolean ber, boolean versionTwo) throws Exception {
        byte[] key = pkcs8(ee);
        if (versionTwo) {
            PrivateKeyInfo info = PrivateKeyInfo.getInstance(key);
            key = new PrivateKeyInfo(info.getPrivateKeyAlgorithm(), info.parsePrivateKey(), null,
                cert(ee).getPublicKey().getEncoded() == null ? null
                    : org.bouncycastle.asn1.x509.SubjectPublicKeyInfo.getInstance(cert(ee).getPublicKey().getEncoded())
                        .getPublicKeyData().getBytes()).getEncoded("DER");
        }
        byte[] content = new DERSequence(ASN1Primitive.fromByteArray(key)).getEncoded("DER");
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(
            new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
            .build(new JcaContentSignerBuilder("SHA256withECDSA").setProvider("BC").build(key(kga, "EC")),
                new JcaX509ExtensionUtils().createSubjectKeyIdentifier(cert(kga).getPublicKey()).getKeyIdentifier()));
        generator.addCertificates(new JcaCertStore(List.of(cert(kga), cert("ca"))));
        CMSSignedData data = generator.generate(new CMSProcessableByteArray(PACKAGE, content), true);
        ASN1Encodable inner = data.toASN1Structure().getContent();
        return inner.toASN1Primitive().getEncoded(ber ? "BER" : "DER");
    }

    static void write(String name, EnvelopedData data) throws Exception {
        byte[] out = new DERTaggedObject(false, 0, data).getEncoded("DER");
        Files.write(Paths.get(dir, "out", name + ".der"), out);
    }

    static EnvelopedData enveloped(byte[] content, RecipientInfoGenerator recipient, ASN1ObjectIdentifier cipher)
            throws Exception {
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(recipient);
        CMSTypedData typed = new CMSProcessableByteArray(CMSObjectIdentifiers.signedData, content);
        CMSEnvelopedData made = generator.generate(typed, new JceCMSContentEncryptorBuilder(cipher).setProvider("BC").build());
        return EnvelopedData.getInstance(made.toASN1Structure().getContent());
    }

    /** RFC 9483 section 4.1.6.1: PBKDF2 and AES key wrap, which Bouncy Castle has no generator for: its own parts, put together. */
    static EnvelopedData password(byte[] content, int keyBits, String prf, ASN1ObjectIdentifier prfOid, int iterations,
            ASN1ObjectIdentifier wrapOid, ASN1ObjectIdentifier cipherOid, boolean length) throws Exception {
        SecureRandom random = new SecureRandom();
        byte[] salt = new byte[16]; random.nextBytes(salt);
        byte[] iv = new byte[16]; random.nextBytes(iv);
        byte[] cek = new byte[keyBits / 8]; random.nextBytes(cek);
        byte[] kek = SecretKeyFactory.getInstance("PBKDF2WITHHMAC" + prf, "BC")
            .generateSecret(new PBEKeySpec("AuthCode-4711".toCharArray(), salt, iterations, keyBits)).getEncoded();
        Cipher wrap = Cipher.getInstance("AESWrap", "BC");
        wrap.init(Cipher.WRAP_MODE, new SecretKeySpec(kek, "AES"));
        byte[] wrapped = wrap.wrap(new SecretKeySpec(cek, "AES"));
        Cipher cbc = Cipher.getInstance("AES/CBC/PKCS5Padding", "BC");
        cbc.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(cek, "AES"), new IvParameterSpec(iv));
        AlgorithmIdentifier prfId = prfOid == null ? null : new AlgorithmIdentifier(prfOid, DERNull.INSTANCE);
        PBKDF2Params parameters = prfId == null ? new PBKDF2Params(salt, iterations)
            : length ? new PBKDF2Params(salt, iterations, keyBits / 8, prfId) : new PBKDF2Params(salt, iterations, prfId);
        PasswordRecipientInfo recipient = new PasswordRecipientInfo(
            new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2, parameters),
            new AlgorithmIdentifier(wrapOid), new DEROctetString(wrapped));
        EncryptedContentInfo info = new EncryptedContentInfo(CMSObjectIdentifiers.signedData,
            new AlgorithmIdentifier(cipherOid, new DEROctetString(iv)), new DEROctetString(cbc.doFinal(content)));
        return new EnvelopedData(null, new DERSet(new RecipientInfo(recipient)), info, (ASN1Set) null);
    }

    public static void main(String[] arguments) throws Exception {
        dir = arguments[0];
        Security.addProvider(new BouncyCastleProvider());
        ASN1ObjectIdentifier c128 = NISTObjectIdentifiers.id_aes128_CBC, c192 = NISTObjectIdentifiers.id_aes192_CBC,
            c256 = NISTObjectIdentifiers.id_aes256_CBC, w128 = NISTObjectIdentifiers.id_aes128_wrap,
            w192 = NISTObjectIdentifiers.id_aes192_wrap, w256 = NISTObjectIdentifiers.id_aes256_wrap;
        ASN1ObjectIdentifier s256 = PKCSObjectIdentifiers.id_hmacWithSHA256, s512 = PKCSObjectIdentifiers.id_hmacWithSHA512;
        byte[] p256 = signed("eeP256", "kga", false, false);
        write("password-p256", password(p256, 256, "SHA256", s256, 1000, w256, c256, true));
        write("password-p384", password(signed("eeP384", "kga", false, true), 128, "SHA512", s512, 1000, w128, c128, false));
        write("password-p521", password(signed("eeP521", "kga", false, false), 192, "SHA1", null, 1000, w192, c192, false));
        write("password-rsa", password(signed("eeRSA", "kga", false, false), 256, "SHA256", s256, 1000, w256, c256, true));
        write("password-ed25519", password(signed("eeEd25519", "kga", false, false), 256, "SHA256", s256, 1000, w256, c256, true));
        write("password-ber", password(signed("eeP256", "kga", true, false), 256, "SHA256", s256, 1000, w256, c256, true));
        write("password-bystander", password(signed("eeP256", "notkga", false, false), 256, "SHA256", s256, 1000, w256, c256, true));
        write("password-otherkey", password(signed("eeP384", "kga", false, false), 256, "SHA256", s256, 1000, w256, c256, true));
        write("password-cheap", password(p256, 256, "SHA256", s256, 10, w256, c256, true));
        write("transport-pkcs1", enveloped(p256, new JceKeyTransRecipientInfoGenerator(cert("cli")).setProvider("BC"), CMSAlgorithm.AES128_CBC));
        JcaAlgorithmParametersConverter converter = new JcaAlgorithmParametersConverter();
        AlgorithmIdentifier oaep = converter.getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP,
            new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
        write("transport-oaep", enveloped(p256, new JceKeyTransRecipientInfoGenerator(cert("cli"), oaep).setProvider("BC"), CMSAlgorithm.AES256_CBC));
        AlgorithmIdentifier sha1 = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, new RSAESOAEPparams());
        write("transport-oaep-default", enveloped(p256, new JceKeyTransRecipientInfoGenerator(cert("cli"), sha1).setProvider("BC"), CMSAlgorithm.AES256_CBC));
        Object[][] curves = {{"256", CMSAlgorithm.ECDH_SHA256KDF, CMSAlgorithm.AES128_WRAP}, {"384", CMSAlgorithm.ECDH_SHA384KDF, CMSAlgorithm.AES256_WRAP},
            {"521", CMSAlgorithm.ECDH_SHA512KDF, CMSAlgorithm.AES256_WRAP}};
        for (Object[] row : curves) {
            KeyPairGenerator pairs = KeyPairGenerator.getInstance("EC", "BC");
            pairs.initialize(new ECGenParameterSpec("P-" + row[0]));
            KeyPair ephemeral = pairs.generateKeyPair();
            JceKeyAgreeRecipientInfoGenerator agree = new JceKeyAgreeRecipientInfoGenerator((ASN1ObjectIdentifier) row[1],
                ephemeral.getPrivate(), ephemeral.getPublic(), (ASN1ObjectIdentifier) row[2]);
            agree.addRecipient(cert("cli" + row[0])).setProvider("BC");
            if (row[0].equals("384")) agree.setUserKeyingMaterial(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
            write("agreement-p" + row[0], enveloped(p256, agree, CMSAlgorithm.AES256_CBC));
        }
    }
}
