"""What runs inside the containers, beyond what runs everywhere. The images are made by the Dockerfile."""
