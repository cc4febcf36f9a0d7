import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.crmf.AttributeTypeAndValue;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.Controls;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.crmf.CRMFException;
import org.bouncycastle.cert.crmf.CertificateRequestMessage;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/** What an ir, cr, p10cr or kur asks for, with its proof of possession verified. */
record Request(int id, X500Name subject, SubjectPublicKeyInfo key, boolean centralKey, Extensions extensions, CertId old) {
    /** `certReqId` of a PKCS#10 request (RFC 9483, section 4.1.4). */
    static final int NO_ID = -1;

    private static final Set<ASN1ObjectIdentifier> TAKEN =
        Set.of(Extension.subjectAlternativeName, Extension.keyUsage, Extension.extendedKeyUsage);

    static Request of(PKIBody body, Row row) throws No {
        try {
            Request request = body.getType() == PKIBody.TYPE_P10_CERT_REQ
                ? pkcs10(new PKCS10CertificationRequest(CertificationRequest.getInstance(body.getContent())), row)
                : crmf(CertReqMessages.getInstance(body.getContent()).toCertReqMsgArray(), row);
            row.say("subject " + request.subject);
            return request;
        } catch (OperatorException | PKCSException | CRMFException | IllegalArgumentException failure) {
            throw No.of(PKIFailureInfo.badDataFormat, failure);
        }
    }

    private static ContentVerifierProvider verifier(SubjectPublicKeyInfo key) throws OperatorException {
        return new JcaContentVerifierProviderBuilder().setProvider("BC").build(key);
    }

    private static Request pkcs10(PKCS10CertificationRequest request, Row row) throws No, OperatorException, PKCSException {
        SubjectPublicKeyInfo key = request.getSubjectPublicKeyInfo();
        if (!request.isSignatureValid(verifier(key))) {
            throw new No(PKIFailureInfo.badPOP, "the PKCS#10 request is not signed by its key");
        }
        row.say("popo ok: PKCS#10");
        return new Request(NO_ID, request.getSubject(), key, false, taken(request.getRequestedExtensions()), null);
    }

    private static Request crmf(CertReqMsg[] messages, Row row) throws No, OperatorException, CRMFException {
        if (messages.length != 1) {
            throw new No(PKIFailureInfo.badRequest, messages.length + " requests in one message");
        }
        CertTemplate template = messages[0].getCertReq().getCertTemplate();
        int id = messages[0].getCertReq().getCertReqId().intValueExact();
        if (id != 0) {
            throw new No(PKIFailureInfo.badRequest, "certReqId " + id); // RFC 9483, section 4.1.1
        }
        SubjectPublicKeyInfo key = template.getPublicKey();
        boolean central = key == null || key.getPublicKeyData().getBytes().length == 0;
        proven(messages[0], key, central, row);
        X500Name subject = template.getSubject() == null ? new X500Name("") : template.getSubject();
        CertId old = old(messages[0].getCertReq().getControls(), row);
        return new Request(id, subject, key, central, taken(template.getExtensions()), old);
    }

    private static void proven(CertReqMsg message, SubjectPublicKeyInfo key, boolean central, Row row)
            throws No, OperatorException, CRMFException {
        CertificateRequestMessage request = new CertificateRequestMessage(message);
        if (central) {
            if (request.hasProofOfPossession()) {
                throw new No(PKIFailureInfo.badPOP, "a proof for a key that is still to be made");
            }
            row.say("asks for a key");
            return;
        }
        if (!request.hasProofOfPossession()
                || request.getProofOfPossessionType() != CertificateRequestMessage.popSigningKey
                || !request.isValidSigningKeyPOP(verifier(key))) {
            throw new No(PKIFailureInfo.badPOP, "no signature by the new key");
        }
        row.say("popo ok: signature");
    }

    private static CertId old(Controls controls, Row row) {
        AttributeTypeAndValue[] all =
            controls == null ? new AttributeTypeAndValue[0] : controls.toAttributeTypeAndValueArray();
        for (AttributeTypeAndValue control : all) {
            if (control.getType().equals(CMPObjectIdentifiers.regCtrl_oldCertID)) {
                CertId old = CertId.getInstance(control.getValue());
                row.say("oldCertId " + old.getSerialNumber());
                return old;
            }
        }
        return null;
    }

    private static Extensions taken(Extensions wanted) throws No {
        if (wanted == null) {
            return null;
        }
        List<Extension> taken = new ArrayList<>();
        for (ASN1ObjectIdentifier id : wanted.getExtensionOIDs()) {
            if (TAKEN.contains(id)) {
                taken.add(wanted.getExtension(id));
            } else if (wanted.getExtension(id).isCritical()) {
                throw new No(PKIFailureInfo.unacceptedExtension, "critical extension " + id);
            }
        }
        return taken.isEmpty() ? null : new Extensions(taken.toArray(new Extension[0]));
    }

    /** The certificate to be replaced is the one that has signed (RFC 9483, section 4.1.3). */
    void checkOld(org.bouncycastle.cert.X509CertificateHolder signer) throws No {
        if (old == null) {
            return;
        }
        if (!old.getIssuer().equals(new GeneralName(signer.getIssuer()))
                || !old.getSerialNumber().getValue().equals(signer.getSerialNumber())) {
            throw new No(PKIFailureInfo.badCertId, "oldCertId is not the signer's certificate");
        }
        if (subject.getRDNs().length > 0 && !subject.equals(signer.getSubject())) {
            throw new No(PKIFailureInfo.badCertTemplate, "another subject than before");
        }
    }
}
